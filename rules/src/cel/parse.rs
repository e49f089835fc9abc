//! From tokens to a tree, by the grammar of CEL; the first mistake ends it. Depth and size are bounded, so that
//! nothing that follows can run out of stack.

use compact_str::CompactString;

use super::error::{CelError, Span};
use super::expr::{Arithmetic, Expr, Name, Node, Operator, Relation};
use super::lexer::{Token, TokenKind, tokens};
use super::value::Value;
use crate::limits::{EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX, EXPRESSION_NODES_MAX};

/// Reads a whole expression.
pub(crate) fn parse(text: &str) -> Result<Expr, CelError> {
    if text.len() > EXPRESSION_BYTES_MAX {
        let message = format!("the expression has {} bytes, at most {EXPRESSION_BYTES_MAX} are possible", text.len());
        return Err(CelError::new(Span::default(), message).with_help("make a segment, zone or several campaigns of its parts"));
    }
    let mut parser = Parser { text, tokens: tokens(text)?, place: 0, level: 0, nodes: 0 };
    let root = parser.expression()?;
    match parser.peek() {
        Some(Token { kind: TokenKind::End, .. }) | None => Ok(root),
        Some(token) => Err(parser.unexpected(token, "an operator such as `&&` or `==`, or the end")),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    place: usize,
    level: usize,
    nodes: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn span(&self) -> Span {
        self.peek().map_or(Span::default(), |token| token.span)
    }

    fn at(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token { kind: TokenKind::Sign(here), .. }) if *here == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let here = self.at(sign);
        if here {
            self.place = self.place.saturating_add(1);
        }
        here
    }

    /// The first of some signs that stands here, gone past.
    fn take_any(&mut self, signs: &[(&str, Operator)]) -> Option<Operator> {
        signs.iter().find(|(sign, _)| self.take(sign)).map(|(_, operator)| *operator)
    }

    fn close(&mut self, sign: &str, open: Span) -> Result<Span, CelError> {
        let span = self.span();
        if self.take(sign) {
            return Ok(span);
        }
        let error = match self.peek() {
            Some(token) if token.kind != TokenKind::End => self.unexpected(token, &format!("`{sign}`")),
            _ => CelError::new(open, format!("`{}` is not closed", open.of(self.text))),
        };
        Err(if error.help.is_some() { error } else { error.with_help(format!("write `{sign}`")) })
    }

    fn unexpected(&self, token: &Token, wanted: &str) -> CelError {
        let found = token.span.of(self.text);
        if token.kind == TokenKind::End {
            return CelError::new(token.span, format!("the expression ends too early: {wanted} is missing"));
        }
        CelError::new(token.span, format!("`{found}` does not belong here: {wanted} is expected"))
    }

    fn node(&mut self, node: Node, span: Span, below: usize) -> Result<Expr, CelError> {
        self.nodes = self.nodes.saturating_add(1);
        let depth = below.saturating_add(1);
        if depth > EXPRESSION_DEPTH_MAX {
            return Err(too_deep(span));
        }
        if self.nodes > EXPRESSION_NODES_MAX {
            return Err(CelError::new(span, format!("the expression has more than {EXPRESSION_NODES_MAX} parts")));
        }
        Ok(Expr { node, span, depth })
    }

    /// `condition ? then : otherwise`, or what is simpler.
    fn expression(&mut self) -> Result<Expr, CelError> {
        self.level = self.level.saturating_add(1);
        if self.level > EXPRESSION_DEPTH_MAX {
            return Err(too_deep(self.span()));
        }
        let condition = self.any()?;
        let question = self.span();
        let expr = if self.take("?") {
            let then = self.any()?;
            if !self.take(":") {
                let error = CelError::new(question, "`?` has no `:`");
                return Err(error.with_help("write `condition ? this : that`"));
            }
            let otherwise = self.expression()?;
            let span = condition.span.to(otherwise.span);
            let below = condition.depth.max(then.depth).max(otherwise.depth);
            self.node(Node::Choose(Box::new([condition, then, otherwise])), span, below)?
        } else {
            condition
        };
        self.level = self.level.saturating_sub(1);
        Ok(expr)
    }

    fn any(&mut self) -> Result<Expr, CelError> {
        self.flat("||", Self::every, Node::Any)
    }

    fn every(&mut self) -> Result<Expr, CelError> {
        self.flat("&&", Self::relation, Node::Every)
    }

    /// Parts joined by one sign, in one list.
    fn flat(
        &mut self,
        sign: &str,
        part: fn(&mut Self) -> Result<Expr, CelError>,
        join: fn(Vec<Expr>) -> Node,
    ) -> Result<Expr, CelError> {
        let first = part(self)?;
        if !self.at(sign) {
            return Ok(first);
        }
        let (mut span, mut below) = (first.span, first.depth);
        let mut parts = vec![first];
        while self.take(sign) {
            let next = part(self)?;
            (span, below) = (span.to(next.span), below.max(next.depth));
            parts.push(next);
        }
        self.node(join(parts), span, below)
    }

    fn relation(&mut self) -> Result<Expr, CelError> {
        const SIGNS: [(&str, Operator); 7] = [
            ("==", Operator::Relation(Relation::Equal)),
            ("!=", Operator::Relation(Relation::NotEqual)),
            ("<=", Operator::Relation(Relation::LessOrEqual)),
            (">=", Operator::Relation(Relation::GreaterOrEqual)),
            ("<", Operator::Relation(Relation::Less)),
            (">", Operator::Relation(Relation::Greater)),
            ("in", Operator::In),
        ];
        self.chain(&SIGNS, Self::sum)
    }

    fn sum(&mut self) -> Result<Expr, CelError> {
        const SIGNS: [(&str, Operator); 2] =
            [("+", Operator::Arithmetic(Arithmetic::Add)), ("-", Operator::Arithmetic(Arithmetic::Subtract))];
        self.chain(&SIGNS, Self::product)
    }

    fn product(&mut self) -> Result<Expr, CelError> {
        const SIGNS: [(&str, Operator); 3] = [
            ("*", Operator::Arithmetic(Arithmetic::Multiply)),
            ("/", Operator::Arithmetic(Arithmetic::Divide)),
            ("%", Operator::Arithmetic(Arithmetic::Remainder)),
        ];
        self.chain(&SIGNS, Self::unary)
    }

    /// Parts joined by operators of one strength, from the left.
    fn chain(&mut self, signs: &[(&str, Operator)], part: fn(&mut Self) -> Result<Expr, CelError>) -> Result<Expr, CelError> {
        let mut left = part(self)?;
        while let Some(operator) = self.take_any(signs) {
            let right = part(self)?;
            let (span, below) = (left.span.to(right.span), left.depth.max(right.depth));
            left = self.node(Node::Binary { operator, sides: Box::new([left, right]) }, span, below)?;
        }
        Ok(left)
    }

    /// Any number of `!`, or any number of `-`, before a member.
    fn unary(&mut self) -> Result<Expr, CelError> {
        let sign = if self.at("!") { "!" } else { "-" };
        let mut before = Vec::new();
        while self.at(sign) {
            if before.len() >= EXPRESSION_DEPTH_MAX {
                return Err(too_deep(self.span()));
            }
            before.push(self.span());
            self.place = self.place.saturating_add(1);
        }
        let mut expr = match before.last() {
            Some(minus) if sign == "-" && self.at_number() => {
                let minus = *minus;
                before.pop();
                let negative = self.negative(minus)?;
                self.members(negative)?
            }
            _ => self.member()?,
        };
        while let Some(span) = before.pop() {
            let (span, below) = (span.to(expr.span), expr.depth);
            let node = if sign == "!" { Node::Not(Box::new(expr)) } else { Node::Negate(Box::new(expr)) };
            expr = self.node(node, span, below)?;
        }
        Ok(expr)
    }

    fn at_number(&self) -> bool {
        matches!(
            self.peek().map(|token| &token.kind),
            Some(TokenKind::LeastInt | TokenKind::Literal(Value::Int(_) | Value::Decimal(_)))
        )
    }

    /// A number behind its minus, one literal: the least whole number has no positive twin.
    fn negative(&mut self, minus: Span) -> Result<Expr, CelError> {
        let span = minus.to(self.span());
        let value = match self.peek().map(|token| &token.kind) {
            Some(TokenKind::Literal(Value::Int(value))) => Value::Int(value.saturating_neg()),
            Some(TokenKind::Literal(Value::Decimal(value))) => Value::Decimal(super::number::negate(*value)),
            _ => Value::Int(i64::MIN),
        };
        self.place = self.place.saturating_add(1);
        self.node(Node::Literal(value), span, 0)
    }

    fn member(&mut self) -> Result<Expr, CelError> {
        let primary = self.primary()?;
        self.members(primary)
    }

    /// What hangs on a part by points and brackets.
    fn members(&mut self, mut target: Expr) -> Result<Expr, CelError> {
        loop {
            let open = self.span();
            if self.take(".") {
                let optional = self.take("?");
                let name = self.name()?;
                target =
                    if !optional && self.at("(") { self.call(Some(target), name)? } else { self.field(target, name, optional)? };
            } else if self.take("[") {
                let optional = self.take("?");
                let index = self.expression()?;
                let (span, below) = (target.span.to(self.close("]", open)?), target.depth.max(index.depth));
                let node = Node::Index { target: Box::new(target), index: Box::new(index), optional };
                target = self.node(node, span, below)?;
            } else {
                return Ok(target);
            }
        }
    }

    fn field(&mut self, target: Expr, name: Name, optional: bool) -> Result<Expr, CelError> {
        let (span, below) = (target.span.to(name.span), target.depth);
        self.node(Node::Member { target: Box::new(target), name, optional }, span, below)
    }

    fn name(&mut self) -> Result<Name, CelError> {
        let span = self.span();
        match self.peek() {
            Some(Token { kind: TokenKind::Name(text), .. }) => {
                let name = Name { text: text.clone(), span };
                self.place = self.place.saturating_add(1);
                Ok(name)
            }
            Some(token) => Err(self.unexpected(token, "a name")),
            None => Err(CelError::new(span, "a name is missing")),
        }
    }

    fn call(&mut self, target: Option<Expr>, name: Name) -> Result<Expr, CelError> {
        let open = self.span();
        self.take("(");
        let (arguments, end) = self.list(")", open)?;
        let from = target.as_ref().map_or(name.span, |target| target.span);
        let below = arguments.iter().chain(&target).map(|part| part.depth).max().unwrap_or(0);
        self.node(Node::Call { target: target.map(Box::new), name, arguments }, from.to(end), below)
    }

    /// Parts between commas up to a closing sign; a list may end in a comma.
    fn list(&mut self, sign: &str, open: Span) -> Result<(Vec<Expr>, Span), CelError> {
        let mut parts = Vec::new();
        while !self.at(sign) {
            parts.push(self.expression()?);
            let comma = self.take(",");
            if !comma || (sign == ")" && self.at(sign)) {
                break;
            }
        }
        let end = self.close(sign, open)?;
        Ok((parts, end))
    }

    fn primary(&mut self) -> Result<Expr, CelError> {
        let span = self.span();
        let Some(Token { kind, .. }) = self.peek().cloned() else {
            return Err(CelError::new(span, "the expression ends too early"));
        };
        self.place = self.place.saturating_add(1);
        match kind {
            TokenKind::Literal(value) => self.node(Node::Literal(value), span, 0),
            TokenKind::Name(text) if self.at("(") => self.call(None, Name { text, span }),
            TokenKind::Name(text) => self.node(Node::Name(text), span, 0),
            // A point before a name asks for the outermost meaning of it; there is one meaning only.
            TokenKind::Sign(".") => self.rooted(span),
            TokenKind::Sign("(") => {
                let inner = self.expression()?;
                let end = self.close(")", span)?;
                Ok(Expr { span: span.to(end), ..inner })
            }
            TokenKind::Sign("[") => {
                let (parts, end) = self.list("]", span)?;
                let below = parts.iter().map(|part| part.depth).max().unwrap_or(0);
                self.node(Node::List(parts), span.to(end), below)
            }
            TokenKind::LeastInt => Err(CelError::new(span, "this whole number is too large; the largest is 9223372036854775807")),
            TokenKind::Sign(_) | TokenKind::End => {
                Err(self.unexpected(&Token { kind, span }, "a name, a number, a text in quotes or `(`"))
            }
        }
    }

    fn rooted(&mut self, point: Span) -> Result<Expr, CelError> {
        let name = self.name()?;
        let text: CompactString = name.text.clone();
        let expr = if self.at("(") { self.call(None, name)? } else { self.node(Node::Name(text), name.span, 0)? };
        Ok(Expr { span: point.to(expr.span), ..expr })
    }
}

fn too_deep(span: Span) -> CelError {
    let message = format!("the expression is nested deeper than {EXPRESSION_DEPTH_MAX} levels");
    CelError::new(span, message).with_help("put parts of it into a segment, or use `sum` or a list with `in`")
}
