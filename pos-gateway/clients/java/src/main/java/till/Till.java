package till;

import com.google.protobuf.ByteString;
import com.google.protobuf.util.JsonFormat;
import com.google.protobuf.util.Timestamps;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import tessera.billing.v1.AddedLine;
import tessera.billing.v1.Adjustment;
import tessera.billing.v1.Answer;
import tessera.billing.v1.BillingServiceGrpc;
import tessera.billing.v1.BillingServiceGrpc.BillingServiceBlockingStub;
import tessera.billing.v1.Line;
import tessera.billing.v1.QuoteRequest;
import tessera.billing.v1.QuoteResponse;
import tessera.billing.v1.QuoteStage;
import tessera.billing.v1.Receipt;
import tessera.billing.v1.SettleRequest;
import tessera.billing.v1.SettleResponse;
import tessera.billing.v1.Tender;
import tessera.billing.v1.TenderKind;

/**
 * A till in Java: asks for the answer to a receipt, sells it as answered, settles it.
 *
 * <pre>mvn -q compile exec:java -Dexec.args="127.0.0.1:7302 ../../../deploy/examples/receipt.json [CARD]"</pre>
 */
public final class Till {
    /** The customer waits no longer than this for an answer; without one the sale goes on as it was rung up. */
    private static final long ANSWER_MILLIS = 2_250;

    private static final int SETTLE_ATTEMPTS = 6;

    /** What may go well when it is said again. Anything else is a mistake of the till's. */
    private static final Set<Status.Code> AGAIN =
            Set.of(Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED, Status.Code.RESOURCE_EXHAUSTED, Status.Code.ABORTED);

    /** An answer and the token that promises it; the answer is empty where none came in time. */
    private record Quoted(Answer answer, ByteString token) {}

    private Till() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length != 2 && arguments.length != 3) {
            System.err.println("usage: Till ADDRESS RECEIPT.json [CARD]");
            System.exit(1);
        }
        ManagedChannel channel = Grpc.newChannelBuilder(arguments[0], InsecureChannelCredentials.create()).build();
        try {
            sell(BillingServiceGrpc.newBlockingStub(channel), newReceipt(Path.of(arguments[1]), arguments.length == 3 ? arguments[2] : ""));
        } catch (StatusRuntimeException failed) {
            System.err.println(failed.getMessage());
            System.exit(1);
        } finally {
            channel.shutdownNow().awaitTermination(1, TimeUnit.SECONDS);
        }
    }

    private static void sell(BillingServiceBlockingStub billing, Receipt receipt) throws InterruptedException {
        Quoted quoted = quote(billing, receipt);
        show(quoted.answer());
        SettleRequest request = settleRequest(receipt, quoted);
        SettleResponse response = settle(billing, request);
        System.out.printf(
                "%s: %d rung up, %d paid, minor units of %s%n",
                response.getStatus(), rungUp(receipt), request.getReceipt().getTenders(0).getAmountMinor(), receipt.getCurrencyCode());
    }

    /** The receipt of the file with an id of its own. A real till writes the id to disk before it first sends it. */
    private static Receipt newReceipt(Path path, String card) throws IOException {
        Receipt.Builder receipt = Receipt.newBuilder();
        JsonFormat.parser().merge(Files.readString(path), receipt);
        Instant now = Instant.now();
        LocalDate day = LocalDate.ofInstant(now, ZoneOffset.UTC);
        byte[] nonce = new byte[4];
        new SecureRandom().nextBytes(nonce);
        receipt.setSoldAt(Timestamps.fromMillis(now.toEpochMilli())).setBusinessDate(day.toString());
        receipt.setReceiptId(
                String.join(
                        "/",
                        receipt.getStoreId(),
                        receipt.getTillId(),
                        day.toString().replace("-", ""),
                        "1",
                        HexFormat.of().formatHex(nonce)));
        if (!card.isEmpty()) {
            receipt.getCustomerBuilder().setCardNumber(card);
        }
        return receipt.build();
    }

    private static Quoted quote(BillingServiceBlockingStub billing, Receipt receipt) {
        QuoteRequest request =
                QuoteRequest.newBuilder().setReceipt(receipt).setStage(QuoteStage.QUOTE_STAGE_TOTAL).setQuoteNo(1).build();
        try {
            QuoteResponse response = billing.withDeadlineAfter(ANSWER_MILLIS, TimeUnit.MILLISECONDS).quote(request);
            return new Quoted(response.getAnswer(), response.getQuoteToken());
        } catch (StatusRuntimeException failed) {
            if (!AGAIN.contains(failed.getStatus().getCode())) {
                throw failed;
            }
            System.out.printf("no answer (%s): sold as rung up%n", failed.getStatus().getCode());
            return new Quoted(Answer.getDefaultInstance(), ByteString.EMPTY);
        }
    }

    /** What was sold: every line as answered, everything added accepted, all of it paid in cash. */
    private static SettleRequest settleRequest(Receipt receipt, Quoted quoted) {
        SettleRequest.Builder request =
                SettleRequest.newBuilder().setReceipt(receipt).setQuoteToken(quoted.token()).setAttempt(1);
        for (var changed : quoted.answer().getLinesList()) {
            if (changed.getAdded()) {
                request.addAddedLines(
                        AddedLine.newBuilder()
                                .setLineId(changed.getLineId())
                                .setSku(changed.getSku())
                                .setTaxCode(changed.getTaxCode())
                                .addAllSoldParts(changed.getPartsList()));
                continue;
            }
            for (Line.Builder line : request.getReceiptBuilder().getLinesBuilderList()) {
                if (line.getLineId().equals(changed.getLineId())) {
                    line.addAllSoldParts(changed.getPartsList());
                }
            }
        }
        long due = quoted.answer().hasTotalsAfter() ? quoted.answer().getTotalsAfter().getDueMinor() : rungUp(receipt);
        request.getReceiptBuilder().addTenders(Tender.newBuilder().setKind(TenderKind.TENDER_KIND_CASH).setAmountMinor(due));
        return request.build();
    }

    /** Says the same until it is acknowledged: one id is booked once, however often it comes. */
    private static SettleResponse settle(BillingServiceBlockingStub billing, SettleRequest request) throws InterruptedException {
        for (int attempt = 0; ; attempt++) {
            try {
                return billing.withDeadlineAfter(ANSWER_MILLIS, TimeUnit.MILLISECONDS).settle(request);
            } catch (StatusRuntimeException failed) {
                if (!AGAIN.contains(failed.getStatus().getCode()) || attempt + 1 == SETTLE_ATTEMPTS) {
                    throw failed;
                }
                Thread.sleep(200L << attempt);
            }
        }
    }

    private static long rungUp(Receipt receipt) {
        return receipt.getLinesList().stream().mapToLong(Line::getAmountMinor).sum();
    }

    private static void show(Answer answer) {
        for (var line : answer.getLinesList()) {
            for (var part : line.getPartsList()) {
                String texts = part.getAdjustmentsList().stream().map(Adjustment::getText).collect(Collectors.joining("; "));
                System.out.printf("line %s: %s for %d  %s%n", line.getLineId(), part.getQuantityMilli() / 1000.0, part.getAmountMinor(), texts);
            }
        }
        answer.getRewardsList().forEach(reward -> System.out.printf("reward: %d %s %s%n", reward.getUnits(), reward.getAssetId(), reward.getText()));
        answer.getPromptsList().forEach(prompt -> System.out.printf("ask: %s%n", prompt.getText()));
        answer.getOffersList().forEach(offer -> System.out.printf("offer: %s %s%n", offer.getSku(), offer.getText()));
    }
}
