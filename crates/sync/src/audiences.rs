//! A set of audiences: what a peer may read.

use proofroom_ident::Audience;

/// A set of audiences, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Audiences(u8);

impl Audiences {
    /// No audience.
    pub const NONE: Self = Self(0);
    /// Every audience.
    pub const ALL: Self = Self(0b11);

    /// The set of one byte; unknown bits are refused.
    pub fn from_bits(bits: u8) -> Option<Self> {
        (bits & !Self::ALL.0 == 0).then_some(Self(bits))
    }

    /// The byte.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether `audience` is in the set.
    pub fn contains(self, audience: Audience) -> bool {
        self.0 & bit(audience) != 0
    }

    /// What is in both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether everything of `other` is in this set.
    pub fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// The audiences, widest first.
    pub fn iter(self) -> impl Iterator<Item = Audience> {
        Audience::ALL.into_iter().filter(move |a| self.contains(*a))
    }
}

fn bit(audience: Audience) -> u8 {
    1 << (audience as u8)
}

impl FromIterator<Audience> for Audiences {
    fn from_iter<I: IntoIterator<Item = Audience>>(audiences: I) -> Self {
        Self(audiences.into_iter().fold(0, |bits, a| bits | bit(a)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_what_their_members_say() {
        let sets: Vec<Audiences> =
            (0..4).map(|bits| Audiences::from_bits(bits).expect("known bits")).collect();
        for a in &sets {
            assert_eq!(a.iter().chain(a.iter()).collect::<Audiences>(), *a, "a set counts nothing twice");
            for b in &sets {
                let both: Audiences = a.iter().filter(|x| b.contains(*x)).collect();
                assert_eq!(a.and(*b), both);
                assert_eq!(a.covers(*b), b.iter().all(|x| a.contains(x)), "{a:?} {b:?}");
            }
        }
        assert_eq!(Audiences::from_bits(4), None);
    }
}
