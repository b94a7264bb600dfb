//! Few rules: CASE branches, asked one after the other.
//!
//! Rules that follow one another and begin with the same test (the sizes of one country, say) ask it once.

use super::Branch;
use crate::criteria::Conjunct;

impl Branch {
    /// The test it may share with its neighbours, and the others.
    fn split(&self) -> Option<(&Conjunct, &[Conjunct])> {
        self.tests.split_first().filter(|(_, rest)| !rest.is_empty())
    }

    fn shares_with(&self, other: &Branch) -> bool {
        matches!((self.split(), other.split()), (Some((a, _)), Some((b, _))) if a.sql == b.sql)
    }
}

/// The number of the first branch whose tests all hold; `fallback` where there is none.
pub fn first_match(branches: &[Branch], fallback: usize) -> String {
    let mut cases = Vec::new();
    let mut alone = String::new();
    for group in branches.chunk_by(Branch::shares_with) {
        match group {
            [first, _, ..] => {
                cases.extend(case(&std::mem::take(&mut alone)));
                let inner: String = group
                    .iter()
                    .filter_map(|branch| Some(when(branch.split()?.1, &branch.number)))
                    .collect();
                let shared = first.tests.first().map_or("true", |test| test.sql.as_str());
                cases.push(format!("case when {shared} then case{inner} end end"));
            }
            _ => group
                .iter()
                .for_each(|branch| alone.push_str(&when(&branch.tests, &branch.number))),
        }
    }
    cases.extend(case(&alone));
    if cases.is_empty() {
        return fallback.to_string();
    }
    // What no branch of a case matches is null.
    format!("coalesce({}, {fallback})", cases.join(", "))
}

fn when(tests: &[Conjunct], number: &str) -> String {
    let tests: Vec<&str> = tests.iter().map(|test| test.sql.as_str()).collect();
    format!(" when {} then {number}", tests.join(" and "))
}

fn case(branches: &str) -> Option<String> {
    (!branches.is_empty()).then(|| format!("case{branches} end"))
}

#[cfg(test)]
mod tests {
    use super::{Branch, first_match};
    use crate::criteria::Conjunct;

    fn sql(rules: &[&[&str]]) -> String {
        let branches: Vec<Branch> = rules
            .iter()
            .enumerate()
            .map(|(n, tests)| Branch {
                tests: tests.iter().map(|test| Conjunct::plain((*test).to_owned())).collect(),
                number: (n + 1).to_string(),
            })
            .collect();
        first_match(&branches, 0)
    }

    #[test]
    fn without_rules_it_is_the_fallback() {
        assert_eq!(sql(&[]), "0");
    }

    #[test]
    fn rules_that_share_nothing_are_one_case() {
        assert_eq!(
            sql(&[&["a", "x"], &["b", "x"], &["c"]]),
            "coalesce(case when a and x then 1 when b and x then 2 when c then 3 end, 0)"
        );
    }

    #[test]
    fn neighbours_ask_a_shared_first_test_once_and_in_their_order() {
        assert_eq!(
            sql(&[&["c"], &["a", "x"], &["a", "y", "z"], &["b", "x"]]),
            "coalesce(case when c then 1 end, case when a then case when x then 2 when y and z then 3 end end, \
             case when b and x then 4 end, 0)"
        );
    }

    #[test]
    fn a_rule_in_between_keeps_its_place() {
        assert_eq!(
            sql(&[&["a", "x"], &["b"], &["a", "y"]]),
            "coalesce(case when a and x then 1 when b then 2 when a and y then 3 end, 0)"
        );
    }

    #[test]
    fn a_rule_of_one_test_has_none_to_share() {
        assert_eq!(
            sql(&[&["a"], &["a", "x"], &["a"]]),
            "coalesce(case when a then 1 when a and x then 2 when a then 3 end, 0)"
        );
    }
}
