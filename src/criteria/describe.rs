//! A test in words, for explain: `employees >= 500`, `country in ('DE', 'FR')`.

use serde_json::Value;

use super::json;
use super::tree::{FieldTest, Node, Operand, RelatedTest};

/// How many values of a list are shown.
const SHOWN: usize = 5;

/// A test on a column.
pub(super) fn field(test: &FieldTest) -> String {
    let head = format!("{} {}", test.field, test.op.word());
    match &test.value {
        Operand::Nothing => head,
        Operand::One(one) => format!("{head} {}", value(one)),
        Operand::Pair(low, high) => format!("{head} {} and {}", value(low), value(high)),
        Operand::List(list) => {
            let mut shown: Vec<String> = list.iter().take(SHOWN).map(value).collect();
            if list.len() > SHOWN {
                shown.push(format!("and {} more", list.len() - SHOWN));
            }
            format!("{head} ({})", shown.join(", "))
        }
    }
}

/// A test on related rows.
pub(super) fn related(test: &RelatedTest) -> String {
    let count = match test.count {
        Some(count) => format!("count of {} {} {}", test.relation, count.op.word(), count.value),
        None => format!("some {}", test.relation),
    };
    match &test.filter {
        Some(filter) => format!("{count} where {}", node(filter)),
        None => count,
    }
}

fn node(node_: &Node) -> String {
    match node_ {
        Node::All(nodes) => joined(nodes, " and "),
        Node::Any(nodes) => joined(nodes, " or "),
        Node::Not(inner) => format!("not ({})", node(inner)),
        Node::Test(test) => field(test),
        Node::Related(test) => format!("({})", related(test)),
    }
}

fn joined(nodes: &[Node], word: &str) -> String {
    let parts: Vec<String> = nodes.iter().map(node).collect();
    if parts.len() == 1 {
        parts.concat()
    } else {
        format!("({})", parts.join(word))
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::String(s) => format!("'{s}'"),
        other => json::variable(other).map_or_else(|| other.to_string(), |name| format!("variable {name}")),
    }
}
