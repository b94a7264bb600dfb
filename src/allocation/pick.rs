//! Sticky and random: whom a record goes to follows from a hash of it, not from whose turn it is.
//!
//! - *sticky* without a previous owner: weighted rendezvous hashing (Thaler and Ravishankar 1998; with weights, Mosko and
//!   others' -ln(u)/w, an exponential race). Whoever has the least -ln(u(record, rep))/w wins, so removing a rep moves that rep's
//!   records only, adding one takes from all alike, and raising a weight only brings records to it. The one place where
//!   floating point decides, as allowed.
//! - *random*: a point on the line of weights, from a hash of (seed, record), so that a replay with the same seed gives the same.
//!   Exact in whole numbers: each rep's stretch is its weight.
//!
//! The hashes are part of what is kept, as records must find the same rep in the next version too: SipHash-2-4 under fixed
//! keys of the record's key text and the rep's name, r of the record and a, b of the rep. The upper half of u is
//! ((r' ^ a') * ((r" ^ b") | 1)) of 64 bits, its halves added by xor, where r', a', b' are lower and r", b" upper halves: a million
//! records by 200 reps are 200 million of them, and processors make several at a time of 32 bits. The lower half, which is
//! looked at for those who may win, is that of ((r ^ a) * (b | 1)) of 128 bits, its halves added by xor.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

/// The stable hash of a record's key.
pub fn record_hash(key: &str) -> u64 {
    sip(0x7265_636f_7264, 0, key.as_bytes())
}

/// The lower and the upper half.
fn halves(of: u64) -> (u32, u32) {
    // A cast keeps the lower half.
    (of as u32, (of >> 32) as u32)
}

/// The upper half of the number that a record and a rep make together, of the record's halves, the lower of a, the upper of b.
fn rough(record: (u32, u32), a: u32, b: u32) -> u32 {
    let product = u64::from(record.0 ^ a) * u64::from((record.1 ^ b) | 1);
    let (low, high) = halves(product);
    low ^ high
}

/// The lower half of the number that a record and a rep make together.
fn fine(record: u64, a: u64, b: u64) -> u32 {
    let product = u128::from(record ^ a) * u128::from(b | 1);
    product as u32 ^ (product >> 64) as u32
}

fn sip(one: u64, two: u64, bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(one, two);
    hasher.write(bytes);
    hasher.finish()
}

/// How a record finds its rep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// By the record alone.
    Sticky,
    /// By the record and the seed of the run.
    Random(u64),
}

/// So many are looked at in one go.
const TOGETHER: usize = 16;

/// Those of a pool, or of a set of reps within it, who may receive.
#[derive(Debug, Clone, Default)]
struct Field {
    members: Vec<u32>,
    /// 1 / weight.
    inverse: Vec<f64>,
    /// Once 1 / the lightest weight, in 2^-31.
    unit: f64,
    /// What the loop over all members needs, in their order; the last part is filled up with the last member.
    parts: Vec<Part>,
    /// Sums of weights up to and with each.
    sums: Vec<i128>,
}

/// Several members, and what they come to for the record at hand.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    /// The lower halves of a and the upper ones of b.
    a: [u32; TOGETHER],
    b: [u32; TOGETHER],
    /// The lightest weight / weight in 2^-32, rounded down.
    scale: [u32; TOGETHER],
    /// (1 - u) / w in 2^-31 of the lightest weight's, rounded down.
    least: [i32; TOGETHER],
    /// The lowest of these.
    lowest: i32,
}

impl Part {
    fn look(&mut self, record: (u32, u32)) -> i32 {
        for n in 0..TOGETHER {
            // The upper half of the product of two halves, less its last bit: processors are quicker to compare what has a sign.
            let u = rough(record, self.a[n], self.b[n]);
            self.least[n] = ((u64::from(!u) * u64::from(self.scale[n])) >> 33) as i32;
        }
        self.lowest = self.least.iter().fold(i32::MAX, |lowest, &least| lowest.min(least));
        self.lowest
    }
}

/// One who takes part.
#[derive(Debug, Clone)]
pub(super) struct Ticket {
    a: u64,
    b: u64,
    weight: i128,
}

impl Ticket {
    pub fn new(rep: &str, weight: i128) -> Ticket {
        Ticket {
            a: sip(0x7265_7031, 1, rep.as_bytes()),
            b: sip(0x7265_7032, 2, rep.as_bytes()),
            weight,
        }
    }
}

/// The fields of a pool, each made when it is first asked for, and again when somebody is full.
#[derive(Debug, Clone)]
pub(super) struct Picks {
    rule: Rule,
    tickets: Vec<Ticket>,
    /// The field of everybody, then one for each set.
    fields: Vec<Option<Field>>,
}

/// How often a random point may fall on somebody who is barred before the rest are put into a line of their own.
const DRAWS: u64 = 16;

impl Picks {
    pub fn new(rule: Rule, tickets: Vec<Ticket>) -> Picks {
        Picks {
            rule,
            tickets,
            fields: Vec::new(),
        }
    }

    /// Somebody is full.
    pub fn changed(&mut self) {
        self.fields.clear();
    }

    /// Whom a record goes to: somebody of the line `of`, which `members` fills, who is not `barred` from it.
    pub fn next(
        &mut self,
        of: Option<u32>,
        record: u64,
        members: impl FnOnce() -> Vec<u32>,
        barred: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let tickets = &self.tickets;
        let of = of.map_or(0, |set| set as usize + 1);
        if self.fields.len() <= of {
            self.fields.resize(of + 1, None);
        }
        let field = self.fields[of].get_or_insert_with(|| Field::new(members(), tickets));
        match self.rule {
            Rule::Sticky => field.race(record, tickets, barred),
            Rule::Random(seed) => field.draw(seed, record, barred),
        }
    }
}

impl Field {
    fn new(members: Vec<u32>, tickets: &[Ticket]) -> Field {
        let mut field = Field::default();
        let lightest = members.iter().map(|&m| tickets[m as usize].weight).min().unwrap_or(1);
        field.unit = lightest as f64 * 2.0_f64.powi(31);
        let mut sum = 0;
        for &member in &members {
            let ticket = &tickets[member as usize];
            sum += ticket.weight;
            field.inverse.push(1.0 / ticket.weight as f64);
            field.sums.push(sum);
        }
        for some in members.chunks(TOGETHER) {
            let mut part = Part::default();
            for n in 0..TOGETHER {
                let ticket = &tickets[some[n.min(some.len() - 1)] as usize];
                part.a[n] = halves(ticket.a).0;
                part.b[n] = halves(ticket.b).1;
                part.scale[n] = u32::try_from((lightest << 32) / ticket.weight).unwrap_or(u32::MAX);
            }
            field.parts.push(part);
        }
        field.members = members;
        field
    }

    /// The least -ln(u)/w. As -ln(u) >= 1 - u, the logarithm is taken only where that bound may win.
    fn race(&mut self, record: u64, tickets: &[Ticket], barred: impl Fn(u32) -> bool) -> Option<u32> {
        let halves = halves(record);
        let lowest = self.parts.iter_mut().map(|part| part.look(halves)).min().unwrap_or(0);
        // Mostly whoever wins is within twice the lowest bound.
        let near = lowest.saturating_add(3).saturating_mul(2);
        let winner = self.fastest(record, tickets, near, &barred);
        match winner {
            Some((member, time)) if time * self.unit * (1.0 + 1e-9) < f64::from(near) => Some(member),
            _ => self
                .fastest(record, tickets, i32::MAX, &barred)
                .map(|(member, _)| member),
        }
    }

    /// Who has the least -ln(u)/w of those whose bound is at most `within`, and that time.
    fn fastest(
        &self,
        record: u64,
        tickets: &[Ticket],
        within: i32,
        barred: impl Fn(u32) -> bool,
    ) -> Option<(u32, f64)> {
        let halves = halves(record);
        let mut best: Option<(u32, f64)> = None;
        let parts = self.parts.iter().zip((0..).step_by(TOGETHER));
        for (part, first) in parts.filter(|(part, _)| part.lowest <= within) {
            let rows = (first..self.members.len()).zip(0..TOGETHER);
            for (row, n) in rows.filter(|&(_, n)| part.least[n] <= within) {
                let member = self.members[row];
                let ticket = &tickets[member as usize];
                let u =
                    u64::from(rough(halves, part.a[n], part.b[n])) << 32 | u64::from(fine(record, ticket.a, ticket.b));
                let u = ((u >> 11) as f64 + 0.5) * 2.0_f64.powi(-53);
                let time = -u.ln() * self.inverse[row];
                if best.is_none_or(|(_, least)| time < least) && !barred(member) {
                    best = Some((member, time));
                }
            }
        }
        best
    }

    fn draw(&self, seed: u64, record: u64, barred: impl Fn(u32) -> bool) -> Option<u32> {
        for attempt in 0..DRAWS {
            let row = self.point(seed, record, attempt, &self.sums)?;
            let member = self.members[row];
            if !barred(member) {
                return Some(member);
            }
        }
        let mut sum = 0;
        let (mut free, mut sums) = (Vec::new(), Vec::new());
        for (row, &member) in self.members.iter().enumerate() {
            if !barred(member) {
                sum += self.sums[row] - if row == 0 { 0 } else { self.sums[row - 1] };
                free.push(member);
                sums.push(sum);
            }
        }
        let row = self.point(seed, record, DRAWS, &sums)?;
        free.get(row).copied()
    }

    /// The row in whose stretch the record's point falls.
    fn point(&self, seed: u64, record: u64, attempt: u64, sums: &[i128]) -> Option<usize> {
        let total = u128::try_from(*sums.last()?).ok()?;
        let hash = sip(seed, 3 + attempt, &record.to_le_bytes());
        // Below the total, which is below 2^61.
        let point = i128::try_from((u128::from(hash) * total) >> 64).ok()?;
        Some(sums.partition_point(|&sum| sum <= point))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// -ln(u)/w of every member, without bounds.
    fn slowly(record: u64, tickets: &[Ticket], barred: impl Fn(u32) -> bool) -> Option<u32> {
        let time = |ticket: &Ticket| {
            let u = u64::from(rough(halves(record), halves(ticket.a).0, halves(ticket.b).1)) << 32
                | u64::from(fine(record, ticket.a, ticket.b));
            -(((u >> 11) as f64 + 0.5) * 2.0_f64.powi(-53)).ln() / ticket.weight as f64
        };
        let open = (0_u32..).zip(tickets).filter(|&(member, _)| !barred(member));
        open.min_by(|(_, a), (_, b)| time(a).total_cmp(&time(b)))
            .map(|(member, _)| member)
    }

    proptest! {
        /// X11: the bounds pass nobody by who would win, however far apart weights are and whoever is barred.
        #[test]
        fn bounds_hide_no_winner(
            spread in 0..40_u32,
            weights in prop::collection::vec(0..u32::MAX, 1..70),
            records in prop::collection::vec(any::<u64>(), 20),
            barred in any::<u64>(),
            all in any::<bool>(),
        ) {
            let weigh = |&w: &u32| 1 + (i128::from(w) << 8 >> (40 - spread));
            let tickets: Vec<Ticket> =
                weights.iter().zip(0..).map(|(w, n)| Ticket::new(&format!("rep {n}"), weigh(w))).collect();
            let barred = |member: u32| !all && barred >> (member % 64) & 1 == 1;
            let mut field = Field::new((0..).take(tickets.len()).collect(), &tickets);
            for record in records {
                prop_assert_eq!(field.race(record, &tickets, barred), slowly(record, &tickets, barred));
            }
        }
    }
}
