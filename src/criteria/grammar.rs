//! The grammar: from JSON to the tree. It knows no table; it refuses what can mean nothing over any table.

use serde_json::{Map, Value};

use super::error::{CriteriaError, ErrorKind, below, suggest};
use super::json;
use super::tree::{Comparison, Count, FieldTest, Node, Op, Operand, RelatedTest};

/// How deep nodes may lie in one another.
pub(super) const MAX_DEPTH: usize = 64;
/// How many nodes one criterion may have.
pub(super) const MAX_NODES: usize = 10_000;

/// The keys that tell the kind of a node, each with all the keys of that kind.
const KINDS: [(&str, &[&str]); 5] = [
    ("all", &["all"]),
    ("any", &["any"]),
    ("not", &["not"]),
    ("field", &["field", "op", "value"]),
    ("related", &["related", "on", "where", "count"]),
];

type Object = Map<String, Value>;
type Result<T> = std::result::Result<T, CriteriaError>;

/// Reads a criterion; grammar only, see [`check`](super::check) for columns and types.
pub fn parse(value: &Value) -> Result<Node> {
    Parser { nodes: 0 }.node(value, "$", 1)
}

struct Parser {
    nodes: usize,
}

impl Parser {
    fn node(&mut self, value: &Value, path: &str, depth: usize) -> Result<Node> {
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(malformed(
                path,
                format!("criteria are nested more than {MAX_DEPTH} deep"),
            ));
        }
        if self.nodes > MAX_NODES {
            return Err(malformed(path, format!("criteria have more than {MAX_NODES} nodes"))
                .hint("Replace many tests on one column by one \"in\"."));
        }
        let Value::Object(object) = value else {
            return Err(
                malformed(path, format!("a node must be an object, not {}", json::kind(value)))
                    .hint("Write {\"all\": [...]}, {\"any\": [...]}, {\"not\": {...}} or a test."),
            );
        };
        let (kind, keys) = kind_of(object, path)?;
        known_keys(object, keys, path)?;
        let inner = below(path, kind);
        match kind {
            "all" => Ok(Node::All(self.list(&object[kind], &inner, depth)?)),
            "any" => Ok(Node::Any(self.list(&object[kind], &inner, depth)?)),
            "not" => Ok(Node::Not(Box::new(self.node(&object[kind], &inner, depth + 1)?))),
            "field" => field_test(object, path).map(Node::Test),
            _ => self
                .related(object, path, depth)
                .map(|test| Node::Related(Box::new(test))),
        }
    }

    fn list(&mut self, value: &Value, path: &str, depth: usize) -> Result<Vec<Node>> {
        let Value::Array(items) = value else {
            return Err(malformed(
                path,
                format!("must be an array of nodes, not {}", json::kind(value)),
            ));
        };
        if items.is_empty() {
            // "all of nothing" is every record: nobody who writes it means that.
            return Err(
                malformed(path, "must not be empty").hint("Leave the criteria out (null) if every record is meant.")
            );
        }
        items
            .iter()
            .enumerate()
            .map(|(i, item)| self.node(item, &format!("{path}[{i}]"), depth + 1))
            .collect()
    }

    fn related(&mut self, object: &Object, path: &str, depth: usize) -> Result<RelatedTest> {
        let relation = text(object, "related", path)?;
        let on = match object.get("on") {
            Some(Value::Object(pairs)) if !pairs.is_empty() => pairs,
            Some(_) | None => {
                return Err(
                    malformed(below(path, "on"), "must be an object of at least one pair of columns")
                        .hint("Write {\"column of the related relation\": \"column of the record\"}."),
                );
            }
        };
        let on_path = below(path, "on");
        let mut pairs = Vec::with_capacity(on.len());
        for (theirs, ours) in on {
            json::admissible(&Value::from(theirs.as_str()), &on_path)?;
            pairs.push((theirs.clone(), text_of(ours, &below(&on_path, theirs))?));
        }
        pairs.sort();
        let filter = match object.get("where") {
            Some(node) => Some(self.node(node, &below(path, "where"), depth + 1)?),
            None => None,
        };
        let count = match object.get("count") {
            Some(value) => Some(count(value, &below(path, "count"))?),
            None => None,
        };
        Ok(RelatedTest {
            relation,
            on: pairs,
            filter,
            count,
        })
    }
}

fn kind_of(object: &Object, path: &str) -> Result<(&'static str, &'static [&'static str])> {
    let mut found = KINDS.iter().filter(|(kind, _)| object.contains_key(*kind));
    match (found.next(), found.next()) {
        (Some(kind), None) => Ok(*kind),
        (Some((first, _)), Some((second, _))) => Err(malformed(
            path,
            format!("a node is one thing, but this one has both \"{first}\" and \"{second}\""),
        )
        .hint("Put the two into an \"all\" or an \"any\".")),
        (None, _) => {
            let error = malformed(
                path,
                "a node must have one of \"all\", \"any\", \"not\", \"field\", \"related\"",
            );
            let near = object.keys().find_map(|key| {
                let kind = super::nearest(key, KINDS.iter().map(|(kind, _)| *kind))?;
                Some(format!("\"{key}\": did you mean \"{kind}\"?"))
            });
            Err(match near {
                Some(hint) => error.hint(hint),
                None => error,
            })
        }
    }
}

fn known_keys(object: &Object, keys: &[&str], path: &str) -> Result<()> {
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(
            malformed(below(path, key), format!("unknown key \"{key}\"")).hint(suggest(
                key,
                "The keys here are",
                keys.iter().copied(),
            )),
        ),
        None => Ok(()),
    }
}

fn field_test(object: &Object, path: &str) -> Result<FieldTest> {
    let field = text(object, "field", path)?;
    let word = text(object, "op", path)?;
    let op = operator(&word, &below(path, "op"))?;
    let value = operand(op, object.get("value"), &below(path, "value"))?;
    Ok(FieldTest { field, op, value })
}

fn operator(word: &str, path: &str) -> Result<Op> {
    Op::ALL.into_iter().find(|op| op.word() == word).ok_or_else(|| {
        let hint = match word {
            "==" => "Write \"=\".".to_owned(),
            "!=" => "Write \"<>\".".to_owned(),
            "=>" => "Write \">=\".".to_owned(),
            "=<" => "Write \"<=\".".to_owned(),
            _ => match super::nearest(word, Op::ALL.iter().map(|op| op.word()).filter(|w| w.len() > 1)) {
                Some(near) => format!("Did you mean \"{near}\"?"),
                None => {
                    let all: Vec<&str> = Op::ALL.iter().map(|op| op.word()).collect();
                    format!("The operators are: {}.", all.join(", "))
                }
            },
        };
        CriteriaError::new(ErrorKind::UnknownOperator, path, format!("unknown operator \"{word}\"")).hint(hint)
    })
}

fn operand(op: Op, value: Option<&Value>, path: &str) -> Result<Operand> {
    if matches!(op, Op::IsNull | Op::IsNotNull) {
        return match value {
            None => Ok(Operand::Nothing),
            Some(_) => Err(malformed(path, format!("\"{}\" takes no value", op.word()))),
        };
    }
    let Some(value) = value else {
        return Err(malformed(path, format!("\"{}\" needs a value", op.word())));
    };
    not_null(op, value, path)?;
    json::admissible(value, path)?;
    let items = |items: &[Value]| -> Result<()> {
        items.iter().enumerate().try_for_each(|(i, item)| {
            let path = format!("{path}[{i}]");
            not_null(op, item, &path)?;
            scalar(op, item, &path)
        })
    };
    match (op, value) {
        // All of them at once.
        (Op::In | Op::NotIn, _) if json::variable(value).is_some() => Ok(Operand::One(value.clone())),
        (Op::In | Op::NotIn, Value::Array(list)) if !list.is_empty() => {
            items(list)?;
            Ok(Operand::List(list.clone()))
        }
        (Op::In | Op::NotIn, _) => Err(
            malformed(path, format!("\"{}\" takes an array that is not empty", op.word()))
                .hint("For one value write \"=\" or \"<>\"."),
        ),
        (Op::Between, Value::Array(list)) => match list.as_slice() {
            [low, high] => {
                items(list)?;
                Ok(Operand::Pair(low.clone(), high.clone()))
            }
            _ => Err(malformed(
                path,
                format!("\"between\" takes two bounds, not {}", list.len()),
            )),
        },
        (Op::Between, _) => Err(malformed(path, "\"between\" takes an array of two bounds")),
        (Op::Has, _) => Ok(Operand::One(value.clone())),
        _ => {
            scalar(op, value, path)?;
            Ok(Operand::One(value.clone()))
        }
    }
}

fn not_null(op: Op, value: &Value, path: &str) -> Result<()> {
    if !value.is_null() {
        return Ok(());
    }
    // Comparing with null is never true in SQL; what was meant has an operator of its own.
    let hint = match op {
        Op::Compare(Comparison::NotEqual) | Op::NotIn => "Use the operator \"is not null\".",
        _ => "Use the operator \"is null\".",
    };
    Err(malformed(path, format!("\"{}\" does not take null", op.word())).hint(hint))
}

fn scalar(op: Op, value: &Value, path: &str) -> Result<()> {
    match value {
        Value::Array(_) => Err(
            malformed(path, format!("\"{}\" takes one value, not an array", op.word()))
                .hint("Use \"in\" for several values, \"has\" for what is in an array or in jsonb."),
        ),
        Value::Object(_) if json::variable(value).is_some() => Ok(()),
        Value::Object(_) => Err(
            malformed(path, format!("\"{}\" takes one value, not an object", op.word()))
                .hint("Use \"has\" to ask whether a jsonb column contains an object."),
        ),
        _ => Ok(()),
    }
}

fn count(value: &Value, path: &str) -> Result<Count> {
    let Value::Object(object) = value else {
        return Err(malformed(path, format!("must be an object, not {}", json::kind(value)))
            .hint("Write {\"op\": \">=\", \"value\": 3}."));
    };
    known_keys(object, &["op", "value"], path)?;
    let word = text(object, "op", path)?;
    let op = Comparison::ALL
        .into_iter()
        .find(|op| op.word() == word)
        .ok_or_else(|| {
            CriteriaError::new(
                ErrorKind::UnknownOperator,
                below(path, "op"),
                format!("unknown operator \"{word}\""),
            )
            .hint("A count is compared by one of =, <>, <, <=, >, >=.")
        })?;
    let number = object
        .get("value")
        .and_then(Value::as_u64)
        .and_then(|n| u32::try_from(n).ok());
    match number {
        Some(value) => Ok(Count { op, value }),
        None => Err(malformed(below(path, "value"), "must be a whole number, zero or more")),
    }
}

fn text(object: &Object, key: &str, path: &str) -> Result<String> {
    let path = below(path, key);
    match object.get(key) {
        Some(value) => text_of(value, &path),
        None => Err(malformed(path, format!("\"{key}\" is missing"))),
    }
}

fn text_of(value: &Value, path: &str) -> Result<String> {
    json::admissible(value, path)?;
    match value {
        Value::String(s) if !s.is_empty() => Ok(s.clone()),
        Value::String(_) => Err(malformed(path, "must not be empty")),
        _ => Err(malformed(path, format!("must be a string, not {}", json::kind(value)))),
    }
}

fn malformed(path: impl Into<String>, message: impl Into<String>) -> CriteriaError {
    CriteriaError::new(ErrorKind::Malformed, path, message)
}
