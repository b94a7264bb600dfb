//! What reps hold or have done, counted by owner: one statement for each object, whatever the number of pools, measures,
//! books and members. Numbers stay texts of exact numerics.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use pgrx::datum::DatumWithOid;
use pgrx::spi::SpiClient;

use crate::clock;
use crate::error::{Result, internal, noting};
use crate::router::expression::RECORD;
use crate::router::failure;
use crate::router::intent::Object;
use crate::router::statement::column;

/// A number to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    /// Which records: a boolean expression over `r`; None = all.
    pub test: Option<String>,
    /// What is added up: an expression of type numeric over `r`; None = each record is one.
    pub value: Option<String>,
}

/// Where a number is found.
#[derive(Debug, Clone, Copy)]
pub struct At {
    object: usize,
    amount: usize,
}

/// What is counted of one object.
struct Counted {
    object: Object,
    amounts: Vec<Amount>,
    reps: BTreeSet<String>,
}

/// All that is to be counted.
#[derive(Default)]
pub struct Counts {
    objects: Vec<Counted>,
}

/// What was counted.
pub struct Numbers {
    /// By object, by rep, by amount.
    numbers: Vec<HashMap<String, Vec<String>>>,
}

impl Numbers {
    /// A rep's number; who owns nothing has none.
    pub fn of(&self, at: At, rep: &str) -> &str {
        let numbers = self.numbers.get(at.object).and_then(|object| object.get(rep));
        numbers
            .and_then(|numbers| numbers.get(at.amount))
            .map_or("0", String::as_str)
    }
}

impl Counts {
    /// Asks for a number of an object's records by owner, for these reps; the same question is counted once.
    pub fn want<'a>(&mut self, object: &Object, amount: Amount, reps: impl IntoIterator<Item = &'a str>) -> At {
        let number = self.objects.iter().position(|known| known.object.name == object.name);
        let number = number.unwrap_or_else(|| {
            self.objects.push(Counted {
                object: object.clone(),
                amounts: Vec::new(),
                reps: BTreeSet::new(),
            });
            self.objects.len() - 1
        });
        let mut at = At {
            object: number,
            amount: 0,
        };
        if let Some(counted) = self.objects.get_mut(number) {
            counted.reps.extend(reps.into_iter().map(ToOwned::to_owned));
            let known = counted.amounts.iter().position(|known| *known == amount);
            at.amount = known.unwrap_or_else(|| {
                counted.amounts.push(amount);
                counted.amounts.len() - 1
            });
        }
        at
    }

    /// Counts, as the role that is current.
    ///
    /// # Errors
    /// What the user's expressions raise.
    pub fn read(&self, client: &SpiClient<'_>, about: DateTime<Utc>) -> Result<Numbers> {
        let each = self.objects.iter().map(|counted| counted.read(client, about));
        Ok(Numbers {
            numbers: each.collect::<Result<_>>()?,
        })
    }
}

impl Counted {
    fn read(&self, client: &SpiClient<'_>, about: DateTime<Utc>) -> Result<HashMap<String, Vec<String>>> {
        let sql = failure::compiling(|| self.sql())?;
        let note = format!("While what reps have of object '{}' was counted.", self.object.name);
        noting(&note, || self.select(client, &sql, about)).inspect_err(|_| failure::in_statement(&sql))
    }

    fn select(&self, client: &SpiClient<'_>, sql: &str, about: DateTime<Utc>) -> Result<HashMap<String, Vec<String>>> {
        let reps: Vec<&str> = self.reps.iter().map(String::as_str).collect();
        let args: [DatumWithOid<'_>; 2] = [reps.into(), clock::to_pg(about)?.into()];
        // Planned for these reps: a plan for any would look through all of them for each record.
        let rows = client.select(sql, None, &args);
        let row = rows.map_err(internal)?.first();
        let texts = |ordinal: usize| -> Result<Vec<String>> {
            Ok(row.get::<Vec<String>>(ordinal).map_err(internal)?.unwrap_or_default())
        };
        let owners = texts(1)?;
        let mut numbers: HashMap<String, Vec<String>> = owners
            .iter()
            .map(|owner| (owner.clone(), Vec::with_capacity(self.amounts.len())))
            .collect();
        for (ordinal, _) in (2..).zip(&self.amounts) {
            for (owner, number) in owners.iter().zip(texts(ordinal)?) {
                if let Some(of_owner) = numbers.get_mut(owner) {
                    of_owner.push(number);
                }
            }
        }
        Ok(numbers)
    }

    /// One row of arrays: owners, then each amount. `$1` are the reps, `$2` is the instant.
    fn sql(&self) -> Result<String> {
        let owner = self.object.owner()?;
        let owner_sql = column(&owner.name);
        // What is asked of one kind of records only is a filter that an index may serve.
        let shared = match self.amounts.as_slice() {
            [first, rest @ ..] if rest.iter().all(|amount| amount.test == first.test) => first.test.as_deref(),
            _ => None,
        };
        let mut outer = vec!["array_agg(d.owner)".to_owned()];
        let mut inner = vec![format!("{owner_sql}::text as owner")];
        for (n, amount) in self.amounts.iter().enumerate() {
            let filter = match amount.test.as_deref() {
                Some(test) if shared.is_none() => format!(" filter (where {test})"),
                _ => String::new(),
            };
            outer.push(format!("array_agg(d.amount_{n})"));
            inner.push(match &amount.value {
                None => format!("(count(*){filter})::text as amount_{n}"),
                // Sums of numerics are exact, whatever the order.
                Some(value) => format!("round(coalesce(sum({value}){filter}, 0), 6)::text as amount_{n}"),
            });
        }
        let test = shared.map(|test| format!(" and {test}")).unwrap_or_default();
        Ok(format!(
            "select {} from (select {} from {} as {RECORD} where {owner_sql} = any ($1::text[]::{}[]){test} group by {owner_sql}) as d",
            outer.join(", "),
            inner.join(", "),
            self.object.relation()?.sql(),
            owner.type_sql,
        ))
    }
}
