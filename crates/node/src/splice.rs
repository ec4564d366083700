//! From two texts to the one change between them, so that collaborative text
//! keeps what others write at the same time.

/// Replaces a run of a text; positions count UTF-16 code units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Where it begins.
    pub at: usize,
    /// How much goes.
    pub delete: usize,
    /// What comes.
    pub insert: String,
}

/// The shortest single change from `old` to `new`; `None` when they are equal.
pub fn splice(old: &str, new: &str) -> Option<Splice> {
    if old == new {
        return None;
    }
    let head = common(old.chars(), new.chars());
    let tail = common(old[head..].chars().rev(), new[head..].chars().rev());
    let gone = &old[head..old.len() - tail];
    let come = &new[head..new.len() - tail];
    Some(Splice { at: units(&old[..head]), delete: units(gone), insert: come.to_owned() })
}

/// Bytes of the characters that both begin with.
fn common(a: impl Iterator<Item = char>, b: impl Iterator<Item = char>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::{Splice, splice};

    #[test]
    fn only_what_differs_is_replaced() {
        let check = |old: &str, new: &str, at, delete, insert: &str| {
            assert_eq!(
                splice(old, new),
                Some(Splice { at, delete, insert: insert.into() }),
                "{old} -> {new}"
            );
        };
        check("faster than the tram", "faster than the bus", 16, 4, "bus");
        check("", "new", 0, 0, "new");
        check("gone", "", 0, 4, "");
        check("aa", "aaa", 2, 0, "a");
        check("🚲 bike", "🚲 red bike", 3, 0, "red ");
        assert_eq!(splice("same", "same"), None);
    }
}
