//! The way back, from the tree to JSON. So far only the tests go it: what is written must read back to the same tree.

use serde_json::{Map, Value};

use super::tree::{FieldTest, Node, Operand, RelatedTest};

impl Node {
    /// The JSON of the node; `parse` reads it back to the same tree.
    pub fn to_json(&self) -> Value {
        let list = |nodes: &[Node]| Value::Array(nodes.iter().map(Node::to_json).collect());
        match self {
            Node::All(nodes) => object([("all", list(nodes))]),
            Node::Any(nodes) => object([("any", list(nodes))]),
            Node::Not(node) => object([("not", node.to_json())]),
            Node::Test(test) => test.to_json(),
            Node::Related(test) => test.to_json(),
        }
    }
}

impl FieldTest {
    fn to_json(&self) -> Value {
        let mut pairs = vec![
            ("field", Value::from(self.field.as_str())),
            ("op", Value::from(self.op.word())),
        ];
        match &self.value {
            Operand::Nothing => {}
            Operand::One(value) => pairs.push(("value", value.clone())),
            Operand::List(values) => pairs.push(("value", Value::Array(values.clone()))),
            Operand::Pair(low, high) => pairs.push(("value", Value::Array(vec![low.clone(), high.clone()]))),
        }
        object(pairs)
    }
}

impl RelatedTest {
    fn to_json(&self) -> Value {
        let on: Map<String, Value> = self
            .on
            .iter()
            .map(|(k, v)| (k.clone(), Value::from(v.as_str())))
            .collect();
        let mut pairs = vec![
            ("related", Value::from(self.relation.as_str())),
            ("on", Value::Object(on)),
        ];
        if let Some(filter) = &self.filter {
            pairs.push(("where", filter.to_json()));
        }
        if let Some(count) = self.count {
            pairs.push((
                "count",
                object([
                    ("op", Value::from(count.op.word())),
                    ("value", Value::from(count.value)),
                ]),
            ));
        }
        object(pairs)
    }
}

fn object<'a>(pairs: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
