//! Holds the tree against the catalogue: columns are found, operators fit types, values fit columns.
//!
//! What comes out holds only names that the catalogue gave and texts of literals with the type each is cast to, so that
//! writing the SQL cannot fail and has nothing left to decide but its form.

use serde_json::Value;

use super::catalogue::{Catalogue, Relation};
use super::describe;
use super::error::{CriteriaError, ErrorKind, below, suggest};
use super::json;
use super::tree::{Count, FieldTest, Node, Op, Operand, RelatedTest};
use super::types::{Kind, Type, Wrap};
use super::value::{self, Place};
use super::variable::{self, Wanted};

type Result<T> = std::result::Result<T, CriteriaError>;

/// A criterion that fits its relation; [`Checked::to_sql`] makes the SQL.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    pub(super) root: Item,
}

/// A node, checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    All(Vec<Item>),
    Any(Vec<Item>),
    Not(Box<Item>),
    Field(Box<Field>),
    Related(Box<Related>),
}

/// A test on a column, checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) path: String,
    pub(super) description: String,
    pub(super) column: Side,
    /// The path into the jsonb; empty for the column itself.
    pub(super) keys: Vec<String>,
    pub(super) op: Op,
    pub(super) literals: Vec<Literal>,
    /// What a value inside jsonb must be to be compared by order.
    pub(super) ordered: Option<Ordered>,
}

/// A value that a column is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    /// The text of a literal, unquoted.
    Text(String),
    /// SQL of a value that is not known before it runs: a variable.
    Sql(String),
    /// The same for all the values of a list, as one array.
    List(String),
}

impl Literal {
    /// Its text, where that is known.
    pub(super) fn known(&self) -> Option<&str> {
        match self {
            Literal::Text(text) => Some(text),
            Literal::Sql(_) | Literal::List(_) => None,
        }
    }
}

/// A column and its type.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Side {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) array: bool,
    pub(super) wrap: Wrap,
    pub(super) sql: String,
}

/// The two kinds of JSON values that have an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ordered {
    Numbers,
    Strings,
}

/// A test on related rows, checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Related {
    pub(super) path: String,
    pub(super) description: String,
    pub(super) schema: String,
    pub(super) name: String,
    /// (related column, column of the record)
    pub(super) on: Vec<(Side, Side)>,
    pub(super) filter: Option<Item>,
    pub(super) count: Option<Count>,
}

/// Resolves a criterion's columns and types against the relation it is about.
pub fn check(node: &Node, relation: &Relation, catalogue: &dyn Catalogue) -> Result<Checked> {
    Ok(Checked {
        root: item(node, relation, catalogue, "$")?,
    })
}

fn item(node: &Node, relation: &Relation, catalogue: &dyn Catalogue, path: &str) -> Result<Item> {
    let list = |nodes: &[Node], key: &str| -> Result<Vec<Item>> {
        let each = |(i, node)| item(node, relation, catalogue, &format!("{path}.{key}[{i}]"));
        nodes.iter().enumerate().map(each).collect()
    };
    match node {
        Node::All(nodes) => Ok(Item::All(list(nodes, "all")?)),
        Node::Any(nodes) => Ok(Item::Any(list(nodes, "any")?)),
        Node::Not(inner) => Ok(Item::Not(Box::new(item(
            inner,
            relation,
            catalogue,
            &below(path, "not"),
        )?))),
        Node::Test(test) => Ok(Item::Field(Box::new(field(test, relation, catalogue, path)?))),
        Node::Related(test) => Ok(Item::Related(Box::new(related(test, relation, catalogue, path)?))),
    }
}

fn field(test: &FieldTest, relation: &Relation, catalogue: &dyn Catalogue, path: &str) -> Result<Field> {
    let (column, keys, ty) = resolve(&test.field, relation, &below(path, "field"))?;
    if !ty.takes(test.op) {
        return Err(unfit(test, &ty, &below(path, "op")));
    }
    let value_path = below(path, "value");
    let place = Place {
        field: &test.field,
        path: &value_path,
    };
    let ordered = match (&test.op, &test.value) {
        (Op::Compare(comparison), Operand::One(value)) if ty.kind == Kind::Json && comparison.orders() => {
            Some(order_of(value, catalogue, &place)?)
        }
        (Op::Between, Operand::Pair(low, high)) if ty.kind == Kind::Json => {
            let order = order_of(low, catalogue, &place)?;
            if order_of(high, catalogue, &place)? != order {
                let message = "both bounds must be numbers, or both strings";
                return Err(CriteriaError::new(ErrorKind::WrongType, value_path, message));
            }
            Some(order)
        }
        _ => None,
    };
    let mut wanted = Wanted {
        column: &ty,
        op: test.op,
        ordered,
        list: false,
    };
    let literals = match &test.value {
        Operand::Nothing => Vec::new(),
        Operand::One(one) => {
            wanted.list = matches!(test.op, Op::In | Op::NotIn);
            vec![literal(&wanted, one, catalogue, &place)?]
        }
        Operand::List(list) => each(list.iter(), test, &wanted, catalogue, &value_path)?,
        Operand::Pair(low, high) => each([low, high].into_iter(), test, &wanted, catalogue, &value_path)?,
    };
    Ok(Field {
        path: path.to_owned(),
        description: describe::field(test),
        column,
        keys,
        op: test.op,
        literals,
        ordered,
    })
}

fn each<'a>(
    values: impl Iterator<Item = &'a Value>,
    test: &FieldTest,
    wanted: &Wanted<'_>,
    catalogue: &dyn Catalogue,
    path: &str,
) -> Result<Vec<Literal>> {
    let one = |(i, value): (usize, &Value)| {
        let place = Place {
            field: &test.field,
            path: &format!("{path}[{i}]"),
        };
        literal(wanted, value, catalogue, &place)
    };
    values.enumerate().map(one).collect()
}

fn literal(wanted: &Wanted<'_>, value: &Value, catalogue: &dyn Catalogue, place: &Place<'_>) -> Result<Literal> {
    if let Some(name) = json::variable(value) {
        return variable::literal(catalogue, name, wanted, place);
    }
    let ty = wanted.column;
    let text = match wanted.op {
        Op::Like | Op::Ilike => value::pattern(value::string(ty, value, place)?, place),
        Op::Prefix | Op::Suffix | Op::Contains => value::piece(value::string(ty, value, place)?, place),
        Op::OlderThan | Op::NewerThan => value::interval(&value::string(ty, value, place)?, place),
        _ if wanted.ordered == Some(Ordered::Strings) => value::string(ty, value, place),
        _ => value::literal(ty, value, place),
    };
    text.map(Literal::Text)
}

fn order_of(value: &Value, catalogue: &dyn Catalogue, place: &Place<'_>) -> Result<Ordered> {
    let order = match (value, json::variable(value)) {
        (Value::Number(_), _) => Some(Ordered::Numbers),
        (Value::String(_), _) => Some(Ordered::Strings),
        (_, Some(name)) => variable::order_of(&variable::type_of(catalogue, name, place)?),
        _ => None,
    };
    match order {
        Some(order) => Ok(order),
        None => Err(CriteriaError::new(
            ErrorKind::WrongType,
            place.path,
            format!(
                "\"{}\" is inside jsonb: only numbers and strings have an order, not {}",
                place.field,
                json::kind(value)
            ),
        )),
    }
}

/// A column by its exact name, else a path into the jsonb column with the longest name that fits.
fn resolve(field: &str, relation: &Relation, path: &str) -> Result<(Side, Vec<String>, Type)> {
    if let Some(column) = relation.column(field) {
        let ty = Type::of(column);
        return Ok((Side::new(&column.name, &ty), Vec::new(), ty));
    }
    let dots = field.match_indices('.').map(|(at, _)| at).rev();
    for (name, rest) in dots.filter_map(|at| field.split_at_checked(at)) {
        let Some(column) = relation.column(name) else {
            continue;
        };
        let ty = Type::of(column);
        if ty.kind != Kind::Json || ty.array {
            let message = format!("\"{name}\" is {}: a path leads only into jsonb", ty.shown);
            return Err(CriteriaError::new(ErrorKind::WrongType, path, message));
        }
        let keys: Vec<String> = rest.split('.').skip(1).map(str::to_owned).collect();
        if keys.iter().any(String::is_empty) {
            let message = format!("the path \"{field}\" has an empty step");
            return Err(CriteriaError::new(ErrorKind::Malformed, path, message));
        }
        return Ok((Side::new(&column.name, &ty), keys, Type::json_path()));
    }
    Err(unknown_column(field, relation, path))
}

fn unknown_column(field: &str, relation: &Relation, path: &str) -> CriteriaError {
    let names = relation.columns.iter().map(|column| column.name.as_str());
    let wanted = field.split('.').next().unwrap_or(field);
    CriteriaError::new(
        ErrorKind::UnknownColumn,
        path,
        format!("{} has no column \"{field}\"", relation.shown()),
    )
    .hint(suggest(wanted, "The columns are", names))
}

fn unfit(test: &FieldTest, ty: &Type, path: &str) -> CriteriaError {
    let message = format!(
        "\"{}\" cannot be used on \"{}\", which is {}",
        test.op.word(),
        test.field,
        ty.shown
    );
    let fitting: Vec<&str> = Op::ALL.into_iter().filter(|op| ty.takes(*op)).map(Op::word).collect();
    let kind = match test.op {
        Op::OlderThan | Op::NewerThan => ErrorKind::WrongType,
        _ => ErrorKind::UnknownOperator,
    };
    CriteriaError::new(kind, path, message).hint(format!(
        "Operators for it: {}. Anything else can be said in a predicate.",
        fitting.join(", ")
    ))
}

fn related(test: &RelatedTest, outer: &Relation, catalogue: &dyn Catalogue, path: &str) -> Result<Related> {
    let Some(inner) = catalogue.relation(&test.relation) else {
        let message = format!("there is no relation {}", test.relation);
        return Err(
            CriteriaError::new(ErrorKind::UnknownRelation, below(path, "related"), message)
                .hint("Write it as schema.name, with double quotes where SQL would need them."),
        );
    };
    let on_path = below(path, "on");
    let mut on = Vec::with_capacity(test.on.len());
    for (theirs, ours) in &test.on {
        let pair_path = below(&on_path, theirs);
        let column = |name: &str, relation: &Relation| match relation.column(name) {
            Some(column) => Ok(Type::of(column)),
            None => Err(unknown_column(name, relation, &pair_path)),
        };
        let (their_type, our_type) = (column(theirs, &inner)?, column(ours, outer)?);
        if !their_type.joins(&our_type) {
            let message = format!(
                "\"{theirs}\" is {} and \"{ours}\" is {}: they cannot be compared",
                their_type.shown, our_type.shown
            );
            return Err(CriteriaError::new(ErrorKind::WrongType, pair_path, message)
                .hint("\"on\" is {\"column of the related relation\": \"column of the record\"}."));
        }
        on.push((Side::new(theirs, &their_type), Side::new(ours, &our_type)));
    }
    let filter = match &test.filter {
        Some(node) => Some(item(node, &inner, catalogue, &below(path, "where"))?),
        None => None,
    };
    Ok(Related {
        path: path.to_owned(),
        description: describe::related(test),
        schema: inner.schema,
        name: inner.name,
        on,
        filter,
        count: test.count,
    })
}

impl Side {
    fn new(name: &str, ty: &Type) -> Self {
        Side {
            name: name.to_owned(),
            kind: ty.kind,
            array: ty.array,
            wrap: ty.wrap,
            sql: ty.sql.clone(),
        }
    }
}
