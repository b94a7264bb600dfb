//! Kinds of records: what decides about who may have a record, as whole numbers beside it.
//!
//! Rows of eligibility are tests over the record. Each distinct test is asked once per record, however many rows it stands
//! in, and its answer is a bit. Many tests of one value for equality (hundreds of territories) are one question: the
//! literals are numbered, and each bit of the number is one test, for which PostgreSQL hashes the literals that have it: 400
//! territories are nine look-ups for a record, and not 400 comparisons. Records with the same bits are of one kind, and
//! only for a kind is anything looked at row by row.

use std::collections::{BTreeMap, BTreeSet};

use crate::criteria::Lookup;

/// From so many literals on, tests of one value for equality are one question.
const NUMBERED: usize = 8;
/// Bits in a whole number, which has a sign.
const BITS: usize = 62;

/// One row of eligibility: who is limited, and by what.
pub struct Row {
    /// Reps by number in the dictionary.
    pub reps: Vec<u32>,
    /// What has to hold: SQL, and as a lookup where it is one and literals that differ as texts are different values.
    pub tests: Vec<(String, Option<Lookup>)>,
}

/// What has to hold for a row.
#[derive(Debug)]
enum Needs {
    /// A test.
    Test(usize),
    /// The number of a value is one of these.
    OneOf(usize, Vec<u64>),
}

/// A value whose literals are numbered, from 1.
#[derive(Debug)]
struct Numbered {
    value: String,
    literals: Vec<String>,
    /// Where its bits begin among the tests.
    first: usize,
}

/// The tests of all rows, each once.
#[derive(Debug)]
pub struct Kinds {
    tests: Vec<String>,
    numbered: Vec<Numbered>,
    rows: Vec<(Vec<u32>, Vec<Needs>)>,
    /// Whether a rep is limited by some row.
    limited: Vec<bool>,
}

impl Kinds {
    /// Those of these rows; None where they limit none of the `reps`.
    pub fn new(rows: Vec<Row>, reps: usize) -> Option<Self> {
        let mut limited = vec![false; reps];
        for rep in rows.iter().flat_map(|row| &row.reps) {
            if let Some(limited) = limited.get_mut(*rep as usize) {
                *limited = true;
            }
        }
        if !limited.contains(&true) {
            return None;
        }
        let mut kinds = Self {
            tests: Vec::new(),
            numbered: Vec::new(),
            rows: Vec::new(),
            limited,
        };
        kinds.number(&rows);
        let mut known = BTreeMap::new();
        for row in rows {
            let needs = row.tests.into_iter().map(|test| kinds.needs(test, &mut known));
            let needs = needs.collect();
            kinds.rows.push((row.reps, needs));
        }
        Some(kinds)
    }

    fn number(&mut self, rows: &[Row]) {
        let mut compared: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
        let tests = rows.iter().flat_map(|row| &row.tests);
        for lookup in tests.filter_map(|(_, lookup)| lookup.as_ref()) {
            compared.entry(&lookup.value).or_default().extend(&lookup.literals);
        }
        for (value, literals) in compared.into_iter().filter(|(_, literals)| literals.len() >= NUMBERED) {
            let first = self.tests.len();
            let bits = (usize::BITS - literals.len().leading_zeros()) as usize;
            for bit in 0..bits {
                let having = (1_usize..).zip(&literals).filter(|(number, _)| number >> bit & 1 == 1);
                let having: Vec<&str> = having.map(|(_, literal)| literal.as_str()).collect();
                self.tests.push(format!("{value} = any (array[{}])", having.join(", ")));
            }
            self.numbered.push(Numbered {
                value: value.clone(),
                literals: literals.into_iter().cloned().collect(),
                first,
            });
        }
    }

    fn needs(&mut self, (sql, lookup): (String, Option<Lookup>), known: &mut BTreeMap<String, usize>) -> Needs {
        if let Some(lookup) = lookup
            && let Some(at) = self.numbered.iter().position(|it| it.value == lookup.value)
            && let Some(it) = self.numbered.get(at)
        {
            let number = |literal| it.literals.binary_search(literal).ok().map(|place| place as u64 + 1);
            return Needs::OneOf(at, lookup.literals.iter().filter_map(number).collect());
        }
        let tests = &mut self.tests;
        Needs::Test(*known.entry(sql).or_insert_with_key(|sql| {
            tests.push(sql.clone());
            tests.len() - 1
        }))
    }

    /// The whole numbers of a record, as expressions over it.
    pub fn numbers(&self) -> Vec<String> {
        let sum = |tests: &[String]| {
            let terms = tests.iter().enumerate();
            let terms = terms.map(|(bit, sql)| format!("case when {sql} then {} else 0 end::bigint", 1_u64 << bit));
            terms.collect::<Vec<_>>().join(" + ")
        };
        self.tests.chunks(BITS).map(sum).collect()
    }

    /// Who may have the records with these numbers; None = everybody.
    pub fn who(&self, numbers: &[i64]) -> Option<Vec<u32>> {
        let bit = |test: usize| {
            numbers
                .get(test / BITS)
                .map_or(0, |number| (number >> (test % BITS) & 1) as u64)
        };
        let found: Vec<u64> = self.numbered.iter().map(|it| number(it, bit)).collect();
        let holds = |needs: &Needs| match needs {
            Needs::Test(test) => bit(*test) == 1,
            Needs::OneOf(at, wanted) => found.get(*at).is_some_and(|found| wanted.contains(found)),
        };
        let mut may: Vec<bool> = self.limited.iter().map(|limited| !limited).collect();
        for (reps, _) in self.rows.iter().filter(|(_, needs)| needs.iter().all(holds)) {
            for rep in reps {
                if let Some(may) = may.get_mut(*rep as usize) {
                    *may = true;
                }
            }
        }
        if !may.contains(&false) {
            return None;
        }
        let who = (0..).zip(may).filter(|(_, may)| *may).map(|(rep, _)| rep);
        Some(who.collect())
    }
}

/// The number of the literal that the value is; 0 = none of them.
fn number(numbered: &Numbered, bit: impl Fn(usize) -> u64) -> u64 {
    let bits = (usize::BITS - numbered.literals.len().leading_zeros()) as usize;
    (0..bits).map(|n| bit(numbered.first + n) << n).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Kinds, Row};
    use crate::criteria::Lookup;

    fn equals(value: &str, literals: &[&str]) -> (String, Option<Lookup>) {
        let lookup = Lookup {
            value: value.to_owned(),
            literals: literals.iter().map(|literal| (*literal).to_owned()).collect(),
        };
        (format!("{value} in {literals:?}"), Some(lookup))
    }

    fn test(sql: &str) -> (String, Option<Lookup>) {
        (sql.to_owned(), None)
    }

    fn row(reps: &[u32], tests: Vec<(String, Option<Lookup>)>) -> Row {
        Row {
            reps: reps.to_vec(),
            tests,
        }
    }

    #[test]
    fn rows_about_nobody_here_cost_nothing() {
        assert!(Kinds::new(vec![row(&[], vec![test("a")]), row(&[7], vec![])], 2).is_none());
    }

    #[test]
    fn x12_each_distinct_test_is_asked_once_and_a_rep_needs_one_of_its_rows() {
        let rows = vec![
            row(&[0], vec![test("a"), test("b")]),
            row(&[0, 1], vec![test("b"), equals("c", &["1"])]),
            row(&[2], vec![]),
        ];
        let kinds = Kinds::new(rows, 4).unwrap();
        assert_eq!(
            kinds.numbers(),
            [
                "case when a then 1 else 0 end::bigint + case when b then 2 else 0 end::bigint + \
              case when c in [\"1\"] then 4 else 0 end::bigint"
            ]
        );
        assert_eq!(kinds.who(&[0]), Some(vec![2, 3]));
        assert_eq!(kinds.who(&[0b010]), Some(vec![2, 3]));
        assert_eq!(kinds.who(&[0b011]), Some(vec![0, 2, 3]));
        assert_eq!(kinds.who(&[0b110]), None);
    }

    #[test]
    fn x12_many_literals_of_one_value_are_a_few_tests() {
        let names: Vec<String> = (1..=400).map(|n| format!("'{n:03}'")).collect();
        let mut rows: Vec<Row> = (0..)
            .zip(&names)
            .map(|(rep, name)| row(&[rep], vec![equals("r.region", &[name])]))
            .collect();
        rows.push(row(&[0], vec![equals("r.region", &["'002'", "'003'"]), test("vip")]));
        let kinds = Kinds::new(rows, 401).unwrap();
        assert_eq!(kinds.tests.len(), 9 + 1);
        // What PostgreSQL would say of a record.
        let bits = |name: &str, vip: bool| {
            let tests = kinds.tests.iter().enumerate();
            let holds = |test: &str| test == "vip" && vip || test != "vip" && test.contains(&format!("'{name}'"));
            tests.map(|(bit, test)| i64::from(holds(test)) << bit).sum::<i64>()
        };
        // Nobody's region: only who is not limited.
        assert_eq!(kinds.who(&[bits("999", true)]), Some(vec![400]));
        for n in 1..=400_u32 {
            assert_eq!(kinds.who(&[bits(&format!("{n:03}"), false)]), Some(vec![n - 1, 400]));
        }
        assert_eq!(kinds.who(&[bits("003", true)]), Some(vec![0, 2, 400]));
        assert_eq!(kinds.who(&[bits("004", true)]), Some(vec![3, 400]));
    }

    #[test]
    fn more_bits_than_fit_take_another_number() {
        let rows = (0..130).map(|n| row(&[n], vec![test(&format!("t{n}"))])).collect();
        let kinds = Kinds::new(rows, 131).unwrap();
        assert_eq!(kinds.numbers().len(), 3);
        assert_eq!(kinds.who(&[1 << 61, 1, 0]), Some(vec![61, 62, 130]));
        assert_eq!(kinds.who(&[0, 0, 1 << 5]), Some(vec![129, 130]));
    }
}
