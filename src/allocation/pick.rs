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
//! keys of the record's key text and the rep's name; u is ((r ^ a) * (b | 1)) of 128 bits, its halves added by xor, where r is
//! the record's hash and a, b the rep's.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

/// The stable hash of a record's key.
pub fn record_hash(key: &str) -> u64 {
    sip(0x7265_636f_7264, 0, key.as_bytes())
}

/// The number that a record and a rep make together.
fn mixed(record: u64, a: u64, b: u64) -> u64 {
    let product = u128::from(record ^ a) * u128::from(b);
    // A cast keeps the lower half.
    product as u64 ^ (product >> 64) as u64
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

/// Those of a pool, or of a set of reps within it, who may receive.
#[derive(Debug, Clone, Default)]
struct Field {
    members: Vec<u32>,
    /// a and b of each, apart from each other so that the loop over them runs through memory.
    a: Vec<u64>,
    b: Vec<u64>,
    /// The lightest weight / weight in 2^-32, rounded down, and 1 / weight.
    scale: Vec<u32>,
    inverse: Vec<f64>,
    /// Once 1 / the lightest weight, in 2^-63.
    unit: f64,
    /// Sums of weights up to and with each.
    sums: Vec<i128>,
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
            b: sip(0x7265_7032, 2, rep.as_bytes()) | 1,
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
            Rule::Sticky => field.race(record, barred),
            Rule::Random(seed) => field.draw(seed, record, barred),
        }
    }
}

impl Field {
    fn new(members: Vec<u32>, tickets: &[Ticket]) -> Field {
        let mut field = Field::default();
        let lightest = members.iter().map(|&m| tickets[m as usize].weight).min().unwrap_or(1);
        field.unit = lightest as f64 * 2.0_f64.powi(63);
        let mut sum = 0;
        for &member in &members {
            let ticket = &tickets[member as usize];
            sum += ticket.weight;
            field.a.push(ticket.a);
            field.b.push(ticket.b);
            field.inverse.push(1.0 / ticket.weight as f64);
            let scale = (lightest << 32) / ticket.weight;
            field.scale.push(u32::try_from(scale).unwrap_or(u32::MAX));
            field.sums.push(sum);
        }
        field.members = members;
        field
    }

    /// The least -ln(u)/w. As -ln(u) >= 1 - u, the logarithm is taken only where that bound may win.
    fn race(&self, record: u64, barred: impl Fn(u32) -> bool) -> Option<u32> {
        let (mut best, mut bound, mut winner) = (f64::INFINITY, u64::MAX, None);
        let rows = self.a.iter().zip(&self.b).zip(&self.scale).enumerate();
        for (row, ((&a, &b), &scale)) in rows {
            let u = mixed(record, a, b);
            // (1 - u) / w, rounded down, in 2^-63 of the lightest weight's: enough to pass most by.
            if (!u >> 33) * u64::from(scale) < bound {
                let member = self.members[row];
                let u = ((u >> 11) as f64 + 0.5) * 2.0_f64.powi(-53);
                let time = -u.ln() * self.inverse[row];
                if time < best && !barred(member) {
                    (best, winner) = (time, Some(member));
                    // A cast stays at the largest number where the time is beyond it.
                    bound = ((time * self.unit * (1.0 + 1e-9)) as u64).saturating_add(1);
                }
            }
        }
        winner
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
