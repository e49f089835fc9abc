"""A till in Python: asks for the answer to a receipt, sells it as answered, settles it.

    python3 till.py 127.0.0.1:7302 ../../../deploy/examples/receipt.json [CARD]
"""

import secrets
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "generated"))

import grpc
from google.protobuf import json_format
from tessera.billing.v1 import billing_service_pb2_grpc, quote_pb2, receipt_pb2, settle_pb2

# The customer waits no longer than this for an answer; without one the sale goes on as it was rung up.
ANSWER_SECONDS = 2.25
SETTLE_ATTEMPTS = 6
# What may go well when it is said again. Anything else is a mistake of the till's.
AGAIN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED}


def new_receipt(path, card):
    """The receipt of the file with an id of its own. A real till writes the id to disk before it first sends it."""
    receipt = json_format.Parse(Path(path).read_text(encoding="utf-8"), receipt_pb2.Receipt())
    now = datetime.now(timezone.utc)
    receipt.sold_at.FromDatetime(now)
    receipt.business_date = now.date().isoformat()
    receipt.receipt_id = f"{receipt.store_id}/{receipt.till_id}/{now:%Y%m%d}/1/{secrets.token_hex(4)}"
    if card:
        receipt.customer.card_number = card
    return receipt


def quote(billing, receipt):
    """The answer and its token; neither where none came in time."""
    request = quote_pb2.QuoteRequest(receipt=receipt, stage=quote_pb2.QUOTE_STAGE_TOTAL, quote_no=1)
    try:
        response = billing.Quote(request, timeout=ANSWER_SECONDS)
        return response.answer, response.quote_token
    except grpc.RpcError as error:
        if error.code() not in AGAIN:
            raise
        print(f"no answer ({error.code().name}): sold as rung up")
        return None, b""


def settle_request(receipt, answer, token):
    """What was sold: every line as answered, everything added accepted, all of it paid in cash."""
    request = settle_pb2.SettleRequest(receipt=receipt, quote_token=token, attempt=1)
    due = sum(line.amount_minor for line in receipt.lines)
    if answer is not None:
        lines = {line.line_id: line for line in request.receipt.lines}
        for changed in answer.lines:
            if changed.added:
                request.added_lines.add(line_id=changed.line_id, sku=changed.sku, tax_code=changed.tax_code, sold_parts=changed.parts)
            else:
                lines[changed.line_id].sold_parts.extend(changed.parts)
        due = answer.totals_after.due_minor
    request.receipt.tenders.add(kind=receipt_pb2.TENDER_KIND_CASH, amount_minor=due)
    return request


def settle(billing, request):
    """Says the same until it is acknowledged: one id is booked once, however often it comes."""
    for attempt in range(SETTLE_ATTEMPTS):
        try:
            return billing.Settle(request, timeout=ANSWER_SECONDS)
        except grpc.RpcError as error:
            if error.code() not in AGAIN or attempt + 1 == SETTLE_ATTEMPTS:
                raise
            time.sleep(0.2 * 2**attempt)


def main(address, path, card=""):
    receipt = new_receipt(path, card)
    with grpc.insecure_channel(address) as channel:
        billing = billing_service_pb2_grpc.BillingServiceStub(channel)
        answer, token = quote(billing, receipt)
        if answer is not None:
            for line in answer.lines:
                for part in line.parts:
                    texts = "; ".join(change.text for change in part.adjustments)
                    print(f"line {line.line_id}: {part.quantity_milli / 1000:g} for {part.amount_minor}  {texts}")
            for reward in answer.rewards:
                print(f"reward: {reward.units} {reward.asset_id} {reward.text}")
            for prompt in answer.prompts:
                print(f"ask: {prompt.text}")
            for offer in answer.offers:
                print(f"offer: {offer.sku} {offer.text}")
        request = settle_request(receipt, answer, token)
        response = settle(billing, request)
    before = sum(line.amount_minor for line in receipt.lines)
    paid = sum(tender.amount_minor for tender in request.receipt.tenders)
    state = settle_pb2.SettleStatus.Name(response.status)
    print(f"{state}: {before} rung up, {paid} paid, minor units of {receipt.currency_code}")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except grpc.RpcError as failed:
        sys.exit(f"{failed.code().name}: {failed.details()}")
