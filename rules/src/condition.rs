//! Free conditions of a program: an expression that was checked, and what of it the evaluation must know beforehand.

use crate::cel::{CustomerField, Expression, ReceiptField, Variable};

/// A condition in CEL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FreeCondition {
    pub(crate) expression: Expression,
    /// Whether another tender could change what it says.
    pub(crate) reads_tenders: bool,
    /// Whether it needs the segments that the customer is in.
    pub(crate) reads_segments: bool,
}

impl FreeCondition {
    pub(crate) fn new(expression: Expression) -> Self {
        let (mut reads_tenders, mut reads_segments) = (false, false);
        for variable in expression.slots().filter_map(Variable::of) {
            reads_tenders |= matches!(variable, Variable::Tender(_) | Variable::Receipt(ReceiptField::Tenders));
            reads_segments |= variable == Variable::Customer(CustomerField::Segments);
        }
        Self { expression, reads_tenders, reads_segments }
    }
}
