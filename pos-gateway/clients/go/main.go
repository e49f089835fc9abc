// A till in Go: asks for the answer to a receipt, sells it as answered, settles it.
//
//	go run . 127.0.0.1:7302 ../../../deploy/examples/receipt.json [CARD]
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "tessera.example/till/generated/tessera/billing/v1"
)

const (
	// The customer waits no longer than this for an answer; without one the sale goes on as it was rung up.
	answerTime     = 2250 * time.Millisecond
	settleAttempts = 6
)

// again are the codes that may go well when the same is said again. Anything else is a mistake of the till's.
var again = []codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 && len(os.Args) != 4 {
		log.Fatal("usage: till ADDRESS RECEIPT.json [CARD]")
	}
	if err := sell(os.Args[1], os.Args[2], strings.Join(os.Args[3:], "")); err != nil {
		log.Fatal(err)
	}
}

func sell(address, path, card string) error {
	receipt, err := newReceipt(path, card)
	if err != nil {
		return err
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	billing := pb.NewBillingServiceClient(connection)
	answer, token, err := quote(billing, receipt)
	if err != nil {
		return err
	}
	show(answer)
	before := rungUp(receipt)
	request := settleRequest(receipt, answer, token)
	response, err := settle(billing, request)
	if err != nil {
		return err
	}
	paid := request.Receipt.Tenders[0].AmountMinor
	fmt.Printf("%s: %d rung up, %d paid, minor units of %s\n", response.Status, before, paid, receipt.CurrencyCode)
	return nil
}

// newReceipt reads the file's receipt and gives it an id of its own. A real till writes the id to disk before it
// first sends it.
func newReceipt(path, card string) (*pb.Receipt, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	receipt := &pb.Receipt{}
	if err := protojson.Unmarshal(text, receipt); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	nonce := make([]byte, 4)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	receipt.SoldAt = timestamppb.New(now)
	receipt.BusinessDate = now.Format(time.DateOnly)
	receipt.ReceiptId = strings.Join(
		[]string{receipt.StoreId, receipt.TillId, now.Format("20060102"), "1", hex.EncodeToString(nonce)}, "/")
	if card != "" {
		receipt.Customer.Identity = &pb.CustomerIdentity_CardNumber{CardNumber: card}
	}
	return receipt, nil
}

// quote gets the answer and its token; neither where none came in time.
func quote(billing pb.BillingServiceClient, receipt *pb.Receipt) (*pb.Answer, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	response, err := billing.Quote(ctx, &pb.QuoteRequest{Receipt: receipt, Stage: pb.QuoteStage_QUOTE_STAGE_TOTAL, QuoteNo: 1})
	if err != nil {
		if !slices.Contains(again, status.Code(err)) {
			return nil, nil, err
		}
		fmt.Printf("no answer (%s): sold as rung up\n", status.Code(err))
		return nil, nil, nil
	}
	return response.Answer, response.QuoteToken, nil
}

// settleRequest says what was sold: every line as answered, everything added accepted, all of it paid in cash.
func settleRequest(receipt *pb.Receipt, answer *pb.Answer, token []byte) *pb.SettleRequest {
	request := &pb.SettleRequest{Receipt: receipt, QuoteToken: token, Attempt: 1}
	due := rungUp(receipt)
	if answer != nil {
		for _, changed := range answer.Lines {
			if changed.Added {
				request.AddedLines = append(request.AddedLines, &pb.AddedLine{
					LineId: changed.LineId, Sku: changed.Sku, TaxCode: changed.TaxCode, SoldParts: changed.Parts})
				continue
			}
			for _, line := range receipt.Lines {
				if line.LineId == changed.LineId {
					line.SoldParts = changed.Parts
				}
			}
		}
		due = answer.TotalsAfter.DueMinor
	}
	receipt.Tenders = []*pb.Tender{{Kind: pb.TenderKind_TENDER_KIND_CASH, AmountMinor: due}}
	return request
}

// settle says the same until it is acknowledged: one id is booked once, however often it comes.
func settle(billing pb.BillingServiceClient, request *pb.SettleRequest) (*pb.SettleResponse, error) {
	for attempt := 0; ; attempt++ {
		ctx, cancel := context.WithTimeout(context.Background(), answerTime)
		response, err := billing.Settle(ctx, request)
		cancel()
		if err == nil || !slices.Contains(again, status.Code(err)) || attempt+1 == settleAttempts {
			return response, err
		}
		time.Sleep(200 * time.Millisecond << attempt)
	}
}

func rungUp(receipt *pb.Receipt) int64 {
	sum := int64(0)
	for _, line := range receipt.Lines {
		sum += line.AmountMinor
	}
	return sum
}

func show(answer *pb.Answer) {
	for _, line := range answer.GetLines() {
		for _, part := range line.Parts {
			texts := make([]string, 0, len(part.Adjustments))
			for _, change := range part.Adjustments {
				texts = append(texts, change.Text)
			}
			fmt.Printf("line %s: %g for %d  %s\n", line.LineId, float64(part.QuantityMilli)/1000, part.AmountMinor, strings.Join(texts, "; "))
		}
	}
	for _, reward := range answer.GetRewards() {
		fmt.Printf("reward: %d %s %s\n", reward.Units, reward.AssetId, reward.Text)
	}
	for _, prompt := range answer.GetPrompts() {
		fmt.Printf("ask: %s\n", prompt.Text)
	}
	for _, offer := range answer.GetOffers() {
		fmt.Printf("offer: %s %s\n", offer.Sku, offer.Text)
	}
}
