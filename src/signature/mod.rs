//! Which of several functions of a name takes a step's arguments, and how they are written in the call. Pure: what the
//! catalogue says comes in, what is wrong or the arguments in their order go out.
//!
//! Arguments are an object (by name), an array (by position) or nothing. Every parameter is written out in the call, by
//! position and with its type, those left out with their default: so PostgreSQL can understand no other function than the
//! one that was chosen here, whatever overloads there are.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::criteria::nearest;

#[cfg(test)]
mod tests;

/// A function or procedure of the catalogue (`dist._signature`).
#[derive(Debug, Clone, Deserialize)]
pub struct Function {
    /// `pg_proc.oid`.
    pub oid: u32,
    /// Its name as SQL, quoted and qualified.
    pub sql: String,
    /// The types of what it takes.
    types: String,
    /// `pg_proc.prokind`.
    pub kind: char,
    /// Whether it returns a set.
    pub set: bool,
    /// `pg_type.typname` of what it returns.
    pub returns: String,
    /// Whether that is a pseudo-type.
    pub pseudo: bool,
    /// Whether nobody knows the columns of the set that it returns.
    pub shapeless: bool,
    /// Whether whoever asked may call it.
    pub executable: bool,
    /// Its parameters in order, those it only returns included.
    pub params: Vec<Param>,
}

/// A parameter of a [`Function`].
#[derive(Debug, Clone, Deserialize)]
pub struct Param {
    /// Its name; empty where it has none.
    pub name: String,
    /// `pg_proc.proargmodes`: i, o, b(oth), v(ariadic), t(able).
    pub mode: char,
    /// Its type as SQL.
    #[serde(rename = "type")]
    pub type_sql: String,
    /// `pg_type.typname` of a pseudo-type.
    pub pseudo: Option<String>,
    /// Whether its values, or its elements, are dates or ranges.
    pub dated: bool,
    /// The expression of its default.
    pub default: Option<String>,
}

impl Param {
    /// Whether a call gives it a value.
    pub fn takes(&self) -> bool {
        matches!(self.mode, 'i' | 'b' | 'v')
    }

    /// Whether it is handed back.
    pub fn returns(&self) -> bool {
        matches!(self.mode, 'o' | 'b')
    }

    /// How messages speak of it, `n` being its place from 1.
    pub fn shown(&self, n: usize) -> String {
        if self.name.is_empty() {
            format!("{n} of type {}", self.type_sql)
        } else {
            format!("\"{}\" of type {}", self.name, self.type_sql)
        }
    }
}

/// Why arguments do not fit: the kind decides the SQLSTATE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl Misfit {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// What is given for each parameter that takes a value, in order; None where its default holds.
pub type Given<'a> = Vec<(usize, Option<&'a Value>)>;

impl Function {
    /// Its name with its argument types: what a target can say.
    pub fn signature(&self) -> String {
        format!("{}({})", self.sql, self.types)
    }

    /// The parameters that take a value, with their place from 1 among them.
    pub fn inputs(&self) -> impl Iterator<Item = (usize, &Param)> {
        (1..).zip(self.params.iter().filter(|param| param.takes()))
    }

    /// Why a step cannot call it, whatever the arguments.
    ///
    /// # Errors
    /// The reason.
    pub fn check_kind(&self) -> Result<(), Misfit> {
        let what = match self.kind {
            'a' => "an aggregate",
            'w' => "a window function",
            // Handlers, triggers and the like are called by PostgreSQL itself; void, record and the polymorphic are not.
            _ if self.pseudo
                && !matches!(self.returns.as_str(), "void" | "record" | "cstring")
                && !self.returns.starts_with("any") =>
            {
                return Err(Misfit::new(
                    format!(
                        "{} returns {}, so that only PostgreSQL itself calls it",
                        self.signature(),
                        self.returns
                    ),
                    "Name a function or procedure that SQL can call.",
                ));
            }
            _ if self.shapeless => {
                return Err(Misfit::new(
                    format!(
                        "{} returns a set of records whose columns nobody knows",
                        self.signature()
                    ),
                    "Declare it with RETURNS TABLE (...), or let a function of yours call it.",
                ));
            }
            _ => return Ok(()),
        };
        Err(Misfit::new(
            format!("{} is {what}", self.signature()),
            "Name a function or procedure that can be called by itself.",
        ))
    }

    /// What a step's arguments give to each parameter.
    ///
    /// # Errors
    /// The first argument that does not fit.
    pub fn take<'a>(&self, args: Option<&'a Value>) -> Result<Given<'a>, Misfit> {
        match args {
            None => self
                .by_name(&Map::new())
                .map(|given| given.into_iter().map(|(n, _)| (n, None)).collect()),
            Some(Value::Object(named)) => self.by_name(named),
            Some(Value::Array(list)) => self.by_position(list),
            Some(other) => Err(Misfit::new(
                format!("args {other} is neither a JSON object nor an array"),
                "Write {\"name\": value, ...}, or [value, ...] in the order of the parameters.",
            )),
        }
    }

    fn by_name<'a>(&self, named: &'a Map<String, Value>) -> Result<Given<'a>, Misfit> {
        for name in named.keys() {
            if self.inputs().any(|(_, param)| param.name == *name && !name.is_empty()) {
                continue;
            }
            let returned = self.params.iter().any(|param| param.name == *name && !name.is_empty());
            return Err(if returned {
                Misfit::new(
                    format!("argument \"{name}\" of {} is only returned", self.signature()),
                    "Leave it out.",
                )
            } else {
                let near = nearest(name, self.inputs().map(|(_, param)| param.name.as_str()));
                Misfit::new(
                    format!("{} has no argument \"{name}\"", self.signature()),
                    match near.filter(|near| !near.is_empty()) {
                        Some(near) => format!("Perhaps you meant \"{near}\"."),
                        None => self.takes(),
                    },
                )
            });
        }
        self.inputs()
            .map(|(n, param)| {
                let value = named.get(&param.name).filter(|_| !param.name.is_empty());
                if value.is_none() && param.default.is_none() {
                    return Err(self.lacks(n, param));
                }
                Ok((n, value))
            })
            .collect()
    }

    fn by_position<'a>(&self, list: &'a [Value]) -> Result<Given<'a>, Misfit> {
        let count = self.inputs().count();
        if list.len() > count {
            return Err(Misfit::new(
                format!("{} takes {count} arguments, not {}", self.signature(), list.len()),
                if self.params.iter().any(|param| param.mode == 'v') {
                    "The values of its VARIADIC argument are given as one JSON array, the last in args.".to_owned()
                } else {
                    self.takes()
                },
            ));
        }
        self.inputs()
            .map(|(n, param)| match list.get(n.saturating_sub(1)) {
                None if param.default.is_none() => Err(self.lacks(n, param)),
                value => Ok((n, value)),
            })
            .collect()
    }

    fn lacks(&self, n: usize, param: &Param) -> Misfit {
        Misfit::new(
            format!("{} needs argument {}", self.signature(), param.shown(n)),
            if param.name.is_empty() {
                "It has no name: give args as a JSON array, in the order of the parameters.".to_owned()
            } else if param.mode == 'v' {
                format!("Give it in args as a JSON array: {{\"{}\": [...]}}.", param.name)
            } else {
                format!("Give it in args: {{\"{}\": ...}}.", param.name)
            },
        )
    }

    /// A HINT that lists what it takes.
    fn takes(&self) -> String {
        let list: Vec<String> = self.inputs().map(|(n, param)| param.shown(n)).collect();
        if list.is_empty() {
            "It takes no arguments.".to_owned()
        } else {
            format!("Its arguments: {}.", list.join(", "))
        }
    }
}

/// The type that a value has where the parameter takes any: that of an equal literal in SQL; JSON for what SQL has none for.
/// All numbers of a call have one type, for such parameters mostly have to agree.
///
/// # Errors
/// When the pseudo-type is one that no JSON value can be of.
pub fn type_for(pseudo: &str, value: &Value, all: &[&Value]) -> Result<String, Misfit> {
    let scalar = |value: &Value| match value {
        Value::String(_) | Value::Null => "text",
        Value::Bool(_) => "boolean",
        Value::Number(_) => number_type(all),
        Value::Array(_) | Value::Object(_) => "jsonb",
    };
    match pseudo {
        "any" | "anyelement" | "anynonarray" | "anycompatible" | "anycompatiblenonarray" => {
            Ok(scalar(value).to_owned())
        }
        "anyarray" | "anycompatiblearray" => {
            let of = match value {
                Value::Array(list) => {
                    let mut types = list.iter().filter(|item| !item.is_null()).map(scalar);
                    let first = types.next().unwrap_or("text");
                    if types.all(|other| other == first) {
                        first
                    } else {
                        "jsonb"
                    }
                }
                _ => "text",
            };
            Ok(format!("{of}[]"))
        }
        other => Err(Misfit::new(
            format!("a value in JSON cannot be of type {other}"),
            "Let a function of yours, with types of its own, call it.",
        )),
    }
}

fn number_type(all: &[&Value]) -> &'static str {
    fn numbers<'a>(value: &'a Value, into: &mut Vec<&'a serde_json::Number>) {
        match value {
            Value::Number(number) => into.push(number),
            Value::Array(list) => list.iter().for_each(|item| numbers(item, into)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    all.iter().for_each(|value| numbers(value, &mut found));
    let widest = found
        .iter()
        .map(|number| match number.to_string().parse::<i64>() {
            Ok(whole) if i32::try_from(whole).is_ok() => 0,
            Ok(_) => 1,
            Err(_) => 2,
        })
        .max();
    match widest {
        Some(2) => "numeric",
        Some(1) => "bigint",
        _ => "integer",
    }
}
