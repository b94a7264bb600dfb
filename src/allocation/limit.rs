//! How large things may be, and why nothing overflows within these limits.
//!
//! Deficits are kept as D = d * W * S, where W is the sum of the active weights after their greatest common divisor is
//! taken out and S = [`GRAIN`]. With W <= 2^60 and S = 2^20 one turn is W * S <= 2^80.
//!
//! - A state is accepted when the sum of |d| is at most B = 2^40, so |D| <= 2^120. Spreading what leavers held at most
//!   doubles that sum.
//! - Handing out turns never lets |d| pass 2 * (2B) + R: a winner that was released lands above -1 and everybody else
//!   rises, so the negative deficits sum to at most what they began with plus R; when nobody is released all are at or
//!   below zero and sum to a constant; and the positive ones are the constant sum of all less the negative ones. With
//!   R <= 2^20 members this is |d| < 2^43, |D| < 2^123.
//! - Within one [`super::Quota`] time is counted from 0 to [`TURNS`] = 2^40, then the books are rebased; so the term
//!   t * w * S is at most 2^40 * 2^80 = 2^120.
//! - Giving back K <= 2^40 turns adds at most K * W * S <= 2^120 twice.
//! - Changing W multiplies quotients: (|D| / W) * W' <= 2^60 * 2^60, and remainders: (W - 1) * W' < 2^120, twice.
//!
//! Instants are counted in `i64`; one beyond it, such as the release of a minute weight, lies beyond [`TURNS`] and so is
//! never compared with anything but the clock. Deadlines, which are compared with each other, stay in `i128`.
//!
//! - Credit of members who are away adds at most 2^16 turns for each of 2^20 members to |d|.
//!
//! Loads and values are kept in millionths. A load is at most 2^70 of them, what one run adds at most [`VALUES`] = 2^75, so that
//! heights stay below 2^76; weights are below 2^50 and entitlements in 2^-20 below 2^51. Levels are compared as
//! height * weight, below 2^127.
//!
//! Every sum of deficits stays below 2^125, and `i128` holds 2^127 - 1, however many turns are taken.

/// Deficits are kept in units of 1 / (total weight * GRAIN).
pub const GRAIN: i128 = 1 << 20;

/// The largest weight, in the units people write.
pub const WEIGHT: u64 = 1_000_000_000;

/// The most decimals of a weight, trailing zeros not counted.
pub const DECIMALS: u32 = 6;

/// The most members of one pool.
pub const MEMBERS: usize = 1 << 20;

/// The largest sum of active weights, once their greatest common divisor is taken out.
pub const TOTAL: i128 = 1 << 60;

/// Turns owed or overdrawn, summed over all members, that a state may hold.
pub const OWED: i128 = 1 << 40;

/// Turns after which the books are rebased, and the most that can be given back at once.
pub const TURNS: i64 = 1 << 40;

/// The largest load, in the units people write.
pub const LOAD: u64 = 1_000_000_000_000_000;

/// The largest sum of the values of a run, in millionths.
pub const VALUES: i128 = 1 << 75;

/// Restricted eligibility is solved exactly up to so many cells, classes times members, unless said otherwise.
pub const CELLS: usize = 200_000;
