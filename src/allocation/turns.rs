//! Turns in absolute time: the contenders of a pool, the clock, and the tournaments that say whose turn it is.
//!
//! This is the quota method without the books: deficits and paces go in as whole numbers, indexes of contenders come out.
//! `quota` keeps it by member and across runs.

use super::contender::{Contender, Rule};
use super::tournament::Tournament;

/// Contenders in the order that decides what is otherwise equal, and the turns among them.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    /// One turn, in the unit of the deficits.
    whole: i128,
    contenders: Vec<Contender>,
    /// The step that comes next, counted from the opening.
    step: i64,
    due: Tournament,
    /// Made when nobody is released for the first time, which takes somebody absent who is owed more than a turn.
    claims: Option<Tournament>,
}

impl Turns {
    /// Opens the clock at step 0 for contenders given by their deficit and what each is entitled to at a step, `whole`
    /// being one turn.
    pub fn new(whole: i128, parts: impl Iterator<Item = (i128, i128)>) -> Turns {
        let contenders: Vec<Contender> = parts
            .map(|(deficit, pace)| Contender::new(deficit, pace, whole))
            .collect();
        Turns {
            whole,
            due: Tournament::new(Rule::Due, &contenders, 0),
            contenders,
            step: 0,
            claims: None,
        }
    }

    /// Who takes the next turn; None when there are no contenders.
    pub fn take(&mut self) -> Option<usize> {
        let winner = self.leader()?;
        self.contenders[winner].win(self.whole);
        self.step += 1;
        // For the step to come: matches played for this one would have to be played again at once.
        self.due.changed(winner, &self.contenders, self.step);
        if let Some(claims) = &mut self.claims {
            claims.changed(winner, &self.contenders, self.step);
        }
        Some(winner)
    }

    /// Steps since the opening.
    pub fn step(&self) -> i64 {
        self.step
    }

    /// Deficits now, by contender.
    pub fn deficits(&self) -> impl Iterator<Item = i128> + '_ {
        self.contenders.iter().map(|contender| contender.deficit(self.step))
    }

    /// Contenders, best first, with what the next turn is decided by: released, deficit, and steps to the deadline.
    pub fn line(&self) -> Vec<(usize, bool, i128, i128)> {
        let mut line: Vec<usize> = (0..self.contenders.len()).collect();
        line.sort_by(|&a, &b| Rule::order(&self.contenders[a], &self.contenders[b], self.step));
        let stand = |contender: usize| {
            let it = &self.contenders[contender];
            let left = (it.deadline() - i128::from(self.step)).max(0);
            (contender, it.released(self.step), it.deficit(self.step), left)
        };
        line.into_iter().map(stand).collect()
    }

    fn leader(&mut self) -> Option<usize> {
        let leader = self.due.winner(&self.contenders, self.step)?;
        if self.contenders[leader].released(self.step) {
            return Some(leader);
        }
        // Nobody is released: absent members hold what the others have overdrawn. The largest claim is the least ahead.
        self.claims
            .get_or_insert_with(|| Tournament::new(Rule::Claim, &self.contenders, self.step))
            .winner(&self.contenders, self.step)
    }
}
