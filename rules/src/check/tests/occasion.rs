//! What a campaign that is not for receipts may say.

use super::check;

#[test]
fn what_is_not_for_a_receipt_says_nothing_about_one() {
    check(&[
        ("id: a, for: enrolment, grant: {give: {points: {units: 5, asset: points}}}", &[]),
        ("id: a, for: enrolment, stores: [S1], valid: {from: 2026-01-01}, grant: {give: {prize: mug}}", &[]),
        ("id: a, for: {answers: born}, limits: {per_customer: 3}, grant: {give: {tickets: car}}", &[]),
        (
            "id: a, for: {referral: enrolment}, limits: {per_customer_month: 5}, grant: {give: {points: {units: 5, asset: points}}}",
            &[],
        ),
        ("id: a, for: birth, grant: {give: {prize: mug}}", &["error: `birth` is not possible here"]),
        ("id: a, for: {answers: [shoes]}, grant: {give: {prize: mug}}", &["error: there is no fact `shoes`"]),
        (
            "id: a, for: {answers: born, referral: enrolment}, grant: {give: {prize: mug}}",
            &["error: `for` has only one of these, not 2: answers, referral"],
        ),
        (
            "id: a, for: enrolment, when: {spend_at_least: 5}, percent_off: 5",
            &[
                "error: `when` says nothing here: there is no receipt",
                "error: `percent_off` says nothing here: there is no receipt",
            ],
        ),
        ("id: a, for: enrolment, grant: {give: {status: gold}}", &["error: this cannot be given without a receipt"]),
        ("id: a, for: enrolment, grant: {give: {percent: 5}}", &["error: this cannot be given without a receipt"]),
        (
            "id: a, for: {referral: first_receipt}, grant: {give: {prize: mug}}",
            &["error: this cannot be given without a receipt"],
        ),
        (
            "id: a, for: enrolment, limits: {per_day: 5}, grant: {give: {points: {units: 5, asset: points}}}",
            &["error: only what one account gets can be limited here"],
        ),
    ]);
}
