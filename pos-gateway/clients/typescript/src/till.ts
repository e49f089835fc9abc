// A till in TypeScript: asks for the answer to a receipt, sells it as answered, settles it.
//
//   npm start -- 127.0.0.1:7302 ../../../deploy/examples/receipt.json [CARD]
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

import { create, fromJsonString } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import type { Answer } from "./generated/tessera/billing/v1/answer_pb.js";
import { BillingService } from "./generated/tessera/billing/v1/billing_service_pb.js";
import { QuoteStage } from "./generated/tessera/billing/v1/quote_pb.js";
import { type Receipt, ReceiptSchema, TenderKind, TenderSchema } from "./generated/tessera/billing/v1/receipt_pb.js";
import { AddedLineSchema, type SettleRequest, SettleRequestSchema, type SettleResponse, SettleStatus } from "./generated/tessera/billing/v1/settle_pb.js";

// The customer waits no longer than this for an answer; without one the sale goes on as it was rung up.
const ANSWER_MS = 2250;
const SETTLE_ATTEMPTS = 6;
// What may go well when it is said again. Anything else is a mistake of the till's.
const AGAIN = [Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted, Code.Aborted];

const mayGoWell = (error: unknown): boolean => AGAIN.includes(ConnectError.from(error).code);

const rungUp = (receipt: Receipt): bigint => receipt.lines.reduce((sum, line) => sum + line.amountMinor, 0n);

/** The receipt of the file with an id of its own. A real till writes the id to disk before it first sends it. */
function newReceipt(path: string, card?: string): Receipt {
  const receipt = fromJsonString(ReceiptSchema, readFileSync(path, "utf8"));
  const now = new Date();
  receipt.soldAt = timestampFromDate(now);
  receipt.businessDate = now.toISOString().slice(0, 10);
  const day = receipt.businessDate.replaceAll("-", "");
  receipt.receiptId = [receipt.storeId, receipt.tillId, day, "1", randomBytes(4).toString("hex")].join("/");
  if (card && receipt.customer) receipt.customer.identity = { case: "cardNumber", value: card };
  return receipt;
}

/** The answer and its token; neither where none came in time. */
async function quote(billing: Client<typeof BillingService>, receipt: Receipt): Promise<{ answer?: Answer; token?: Uint8Array }> {
  try {
    const response = await billing.quote({ receipt, stage: QuoteStage.TOTAL, quoteNo: 1n }, { timeoutMs: ANSWER_MS });
    return { answer: response.answer, token: response.quoteToken };
  } catch (error) {
    if (!mayGoWell(error)) throw error;
    console.log(`no answer (${Code[ConnectError.from(error).code]}): sold as rung up`);
    return {};
  }
}

/** What was sold: every line as answered, everything added accepted, all of it paid in cash. */
function settleRequest(receipt: Receipt, answer?: Answer, token?: Uint8Array): SettleRequest {
  const request = create(SettleRequestSchema, { receipt, quoteToken: token, attempt: 1 });
  for (const changed of answer?.lines ?? []) {
    const line = receipt.lines.find((line) => line.lineId === changed.lineId);
    if (line) {
      line.soldParts = changed.parts;
    } else {
      const { lineId, sku, taxCode, parts: soldParts } = changed;
      request.addedLines.push(create(AddedLineSchema, { lineId, sku, taxCode, soldParts }));
    }
  }
  const amountMinor = answer?.totalsAfter?.dueMinor ?? rungUp(receipt);
  receipt.tenders = [create(TenderSchema, { kind: TenderKind.CASH, amountMinor })];
  return request;
}

/** Says the same until it is acknowledged: one id is booked once, however often it comes. */
async function settle(billing: Client<typeof BillingService>, request: SettleRequest): Promise<SettleResponse> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await billing.settle(request, { timeoutMs: ANSWER_MS });
    } catch (error) {
      if (!mayGoWell(error) || attempt + 1 === SETTLE_ATTEMPTS) throw error;
      await pause(200 * 2 ** attempt);
    }
  }
}

function show(answer: Answer): void {
  for (const line of answer.lines) {
    for (const part of line.parts) {
      const texts = part.adjustments.map((change) => change.text).join("; ");
      console.log(`line ${line.lineId}: ${Number(part.quantityMilli) / 1000} for ${part.amountMinor}  ${texts}`);
    }
  }
  for (const reward of answer.rewards) console.log(`reward: ${reward.units} ${reward.assetId} ${reward.text}`);
  for (const prompt of answer.prompts) console.log(`ask: ${prompt.text}`);
  for (const offer of answer.offers) console.log(`offer: ${offer.sku} ${offer.text}`);
}

async function main(address: string, path: string, card?: string): Promise<void> {
  const billing = createClient(BillingService, createGrpcTransport({ baseUrl: `http://${address}` }));
  const receipt = newReceipt(path, card);
  const { answer, token } = await quote(billing, receipt);
  if (answer) show(answer);
  const before = rungUp(receipt);
  const request = settleRequest(receipt, answer, token);
  const response = await settle(billing, request);
  const state = `SETTLE_STATUS_${SettleStatus[response.status]}`;
  console.log(`${state}: ${before} rung up, ${receipt.tenders[0]?.amountMinor} paid, minor units of ${receipt.currencyCode}`);
}

const [address, path, card] = process.argv.slice(2);
if (!address || !path) {
  console.error("usage: npm start -- ADDRESS RECEIPT.json [CARD]");
  process.exit(1);
}
try {
  await main(address, path, card);
} catch (error) {
  console.error(error instanceof ConnectError ? error.message : error);
  process.exit(1);
}
