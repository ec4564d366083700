//! A blob's name and tree, made while its bytes go by, with 32 bytes kept for each group.

use blake3::Hasher;
use blake3::hazmat::{ChainingValue, HasherExt as _, Mode, merge_subtrees_non_root, merge_subtrees_root};
use proofroom_ident::BlobHash;

use crate::slice::{GROUP_BYTES, NODE_BYTES};

/// A blob that is being made.
#[derive(Clone, Debug)]
pub struct Growing {
    /// The groups that are whole.
    groups: Vec<ChainingValue>,
    /// The last group so far.
    last: Hasher,
    last_bytes: u64,
}

impl Default for Growing {
    fn default() -> Self {
        Self { groups: Vec::new(), last: Hasher::new(), last_bytes: 0 }
    }
}

impl Growing {
    /// The next bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            // A group is closed by what follows it: the last one may be the root.
            if self.last_bytes == GROUP_BYTES {
                self.groups.push(self.last.finalize_non_root());
                self.last = Hasher::new();
                self.last.set_input_offset(self.groups.len() as u64 * GROUP_BYTES);
                self.last_bytes = 0;
            }
            let room = usize::try_from(GROUP_BYTES - self.last_bytes).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.last.update(now);
            self.last_bytes += now.len() as u64;
            bytes = rest;
        }
    }

    /// The blob's name, and its tree as [`crate::prove`] reads it.
    pub fn finish(mut self) -> (BlobHash, Vec<u8>) {
        if self.groups.is_empty() {
            return (BlobHash::from_bytes(*self.last.finalize().as_bytes()), Vec::new());
        }
        self.groups.push(self.last.finalize_non_root());
        let mut tree = vec![0; (self.groups.len() - 1) * NODE_BYTES];
        let (left, right) = pair(&self.groups, 0, &mut tree);
        let root = merge_subtrees_root(&left, &right, Mode::Hash);
        (BlobHash::from_bytes(*root.as_bytes()), tree)
    }
}

/// Writes the node of these groups and all below it, and returns its pair. Nodes are numbered
/// in pre-order: below node `n`, the left half begins at `n + 1`.
fn pair(groups: &[ChainingValue], number: usize, tree: &mut [u8]) -> (ChainingValue, ChainingValue) {
    let half = groups.len().next_power_of_two() / 2;
    let (left, right) = groups.split_at(half);
    let halves = (hash(left, number + 1, tree), hash(right, number + half, tree));
    let at = number * NODE_BYTES;
    tree[at..at + 32].copy_from_slice(&halves.0);
    tree[at + 32..at + NODE_BYTES].copy_from_slice(&halves.1);
    halves
}

fn hash(groups: &[ChainingValue], number: usize, tree: &mut [u8]) -> ChainingValue {
    match groups {
        [one] => *one,
        many => {
            let (left, right) = pair(many, number, tree);
            merge_subtrees_non_root(&left, &right, Mode::Hash)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Growing;
    use crate::{Held, NODE_BYTES, prove, tree_of, verify};
    use proptest::prelude::{Strategy as _, any};
    use proptest::{prop_assert_eq, proptest};

    fn tree(whole: &[u8]) -> (proofroom_ident::BlobHash, Vec<u8>) {
        let mut nodes = std::collections::BTreeMap::new();
        let blob = tree_of(whole.len() as u64, whole, |number, node| {
            nodes.insert(number, *node);
            Ok(())
        });
        (blob.expect("memory is readable"), nodes.into_values().flatten().collect())
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(48))]
        #[test]
        fn a_blob_that_grows_in_any_pieces_has_the_name_and_tree_of_the_whole(
            groups in 0_usize..40, odd in 0_usize..16_384, piece in 1_usize..100_000,
            seed in any::<u8>().prop_map(|s| s | 1),
        ) {
            let whole: Vec<u8> = (0..groups * 16_384 + odd).map(|i| u8::try_from(i % 256).expect("a byte").wrapping_mul(seed)).collect();
            let mut growing = Growing::default();
            whole.chunks(piece).for_each(|piece| growing.push(piece));
            let (blob, nodes) = growing.finish();
            prop_assert_eq!(nodes.len() % NODE_BYTES, 0);
            prop_assert_eq!((blob, nodes), tree(&whole));
        }
    }

    #[test]
    fn slices_are_proved_by_the_tree_that_grew() {
        let whole: Vec<u8> = (0..700_001_u32).map(|i| ((i / 7) & 0xff) as u8).collect();
        let mut growing = Growing::default();
        growing.push(&whole);
        let (blob, tree) = growing.finish();
        let total = whole.len() as u64;
        let at = |n: u64| usize::try_from(n).expect("small");
        for span in Held::all(total).spans() {
            let bytes = &whole[at(span.offset)..at(span.end())];
            let encoded = prove(blob, total, span, bytes, tree.as_slice()).expect("it is there");
            assert_eq!(verify(blob, total, span, &encoded).expect("it holds").bytes, bytes);
        }
    }
}
