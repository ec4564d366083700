//! One slice: proved by who holds the blob, verified by who lacks it.

use std::io::{self, Read, Write};

use bao_tree::io::BaoContentItem;
use bao_tree::io::sync::{
    DecodeResponseIter, Outboard, OutboardMut, ReadAt, encode_ranges_validated, outboard,
};
use bao_tree::{BaoTree, BlockSize, ChunkNum, ChunkRanges, TreeNode};
use bytes::{Bytes, BytesMut};
use proofroom_ident::BlobHash;

use crate::Span;

/// The least that is verified, in bytes.
pub const GROUP_BYTES: u64 = 16 << 10;
/// The most that is sent at a time, in bytes.
pub const SLICE_BYTES: u64 = 256 << 10;
/// One hash pair of a tree, in bytes.
pub const NODE_BYTES: usize = 64;
/// A slice with its hash pairs: those below it, and two ways to the root of the longest blob.
pub const ENCODED_BYTES_MAX: usize = (256 << 10) + 128 * NODE_BYTES;

/// 2^4 chunks of 1 KiB.
const BLOCK: BlockSize = BlockSize::from_chunk_log(4);
const CHUNK_BYTES: u64 = 1 << 10;

/// A hash pair of a tree: its number in pre-order, and both hashes.
pub type Node = (u64, [u8; NODE_BYTES]);

/// A part of a blob that was verified, and the hash pairs that did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Which part.
    pub span: Span,
    /// Its bytes.
    pub bytes: Bytes,
    /// What a holder needs to prove it to others.
    pub nodes: Vec<Node>,
}

/// Bytes that claim to be a part of a blob are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("blob {blob:?}: what came as its bytes from {} on is not that", span.offset)]
pub struct WrongSlice {
    /// The blob.
    pub blob: BlobHash,
    /// The part.
    pub span: Span,
}

/// Where the hash pairs of a tree are read.
pub trait Nodes {
    /// The pair of this number; zeroes where it is not known.
    ///
    /// # Errors
    /// When it cannot be read.
    fn node(&self, number: u64) -> io::Result<[u8; NODE_BYTES]>;
}

impl Nodes for [u8] {
    fn node(&self, number: u64) -> io::Result<[u8; NODE_BYTES]> {
        let at = usize::try_from(number).ok().and_then(|n| n.checked_mul(NODE_BYTES));
        let pair = at.and_then(|at| self.get(at..at.checked_add(NODE_BYTES)?));
        Ok(pair.and_then(|p| p.try_into().ok()).unwrap_or([0; NODE_BYTES]))
    }
}

/// Verifies an encoded slice against the blob's name and length.
///
/// # Errors
/// When a group or a hash pair of it is wrong, or something is missing or left over.
pub fn verify(blob: BlobHash, total: u64, span: Span, encoded: &[u8]) -> Result<Slice, WrongSlice> {
    let wrong = WrongSlice { blob, span };
    let length = usize::try_from(span.bytes).map_err(|_| wrong)?;
    if encoded.len() > ENCODED_BYTES_MAX || span.end() > total {
        return Err(wrong);
    }
    let tree = BaoTree::new(total, BLOCK);
    let (mut left, ranges) = (encoded, ranges(span));
    let (mut bytes, mut nodes) = (BytesMut::with_capacity(length), Vec::with_capacity(32));
    for item in DecodeResponseIter::new(root(blob), tree, &mut left, &ranges) {
        match item.map_err(|_| wrong)? {
            BaoContentItem::Leaf(leaf) => bytes.extend_from_slice(&leaf.data),
            BaoContentItem::Parent(parent) => {
                if let Some(number) = tree.pre_order_offset(parent.node) {
                    nodes.push((number, pair_bytes(&parent.pair)));
                }
            }
        }
    }
    if bytes.len() != length || !left.is_empty() {
        return Err(wrong);
    }
    Ok(Slice { span, bytes: bytes.freeze(), nodes })
}

/// Encodes a slice of a held blob. `bytes` are those of `span`; they are checked on the way,
/// so a rotten disk never makes an honest peer a liar.
///
/// # Errors
/// When the bytes or the tree are not the blob's any more, or cannot be read.
pub fn prove<N: Nodes + ?Sized>(
    blob: BlobHash,
    total: u64,
    span: Span,
    bytes: &[u8],
    nodes: &N,
) -> io::Result<Vec<u8>> {
    let tree = Tree { root: root(blob), tree: BaoTree::new(total, BLOCK), nodes };
    let mut encoded = Vec::with_capacity(bytes.len() + 64 * NODE_BYTES);
    encode_ranges_validated(Window { offset: span.offset, bytes }, tree, &ranges(span), &mut encoded)
        .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()))?;
    Ok(encoded)
}

/// Reads a blob of `total` bytes once, hands its tree to `save`, and returns its name.
///
/// # Errors
/// When it cannot be read, ends early, or a node cannot be saved.
pub fn tree_of(
    total: u64,
    blob: impl Read,
    save: impl FnMut(u64, &[u8; NODE_BYTES]) -> io::Result<()>,
) -> io::Result<BlobHash> {
    let tree = BaoTree::new(total, BLOCK);
    let hash = outboard(blob, tree, Saver { tree, save })?;
    Ok(BlobHash::from_bytes(*hash.as_bytes()))
}

/// Encodes a slice of a blob that is in memory as a whole, and tells the blob's name.
///
/// # Errors
/// When there is no such slice.
pub fn prove_whole(whole: &[u8], span: Span) -> io::Result<(BlobHash, Vec<u8>)> {
    let total = whole.len() as u64;
    let index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let mut tree = vec![0; index(tree_bytes(total))];
    let blob = tree_of(total, whole, |number, pair| {
        let at = index(number) * NODE_BYTES;
        tree[at..at + NODE_BYTES].copy_from_slice(pair);
        Ok(())
    })?;
    let bytes = whole.get(index(span.offset)..index(span.end())).ok_or(io::ErrorKind::InvalidInput)?;
    Ok((blob, prove(blob, total, span, bytes, tree.as_slice())?))
}

/// The length of the tree of a blob of `total` bytes.
pub fn tree_bytes(total: u64) -> u64 {
    BaoTree::new(total, BLOCK).outboard_size()
}

fn root(blob: BlobHash) -> blake3::Hash {
    blake3::Hash::from_bytes(*blob.as_bytes())
}

/// The chunks of a span; an empty blob has one, of no bytes.
fn ranges(span: Span) -> ChunkRanges {
    let first = span.offset / CHUNK_BYTES;
    ChunkRanges::from(ChunkNum(first)..ChunkNum(span.end().div_ceil(CHUNK_BYTES).max(first + 1)))
}

fn pair_bytes(pair: &(blake3::Hash, blake3::Hash)) -> [u8; NODE_BYTES] {
    let mut bytes = [0; NODE_BYTES];
    bytes[..32].copy_from_slice(pair.0.as_bytes());
    bytes[32..].copy_from_slice(pair.1.as_bytes());
    bytes
}

struct Tree<'a, N: ?Sized> {
    root: blake3::Hash,
    tree: BaoTree,
    nodes: &'a N,
}

impl<N: Nodes + ?Sized> Outboard for Tree<'_, N> {
    fn root(&self) -> blake3::Hash {
        self.root
    }
    fn tree(&self) -> BaoTree {
        self.tree
    }
    fn load(&self, node: TreeNode) -> io::Result<Option<(blake3::Hash, blake3::Hash)>> {
        let Some(number) = self.tree.pre_order_offset(node) else { return Ok(None) };
        let bytes = self.nodes.node(number)?;
        let half = |range: std::ops::Range<usize>| {
            let mut hash = [0; 32];
            hash.copy_from_slice(&bytes[range]);
            blake3::Hash::from_bytes(hash)
        };
        Ok(Some((half(0..32), half(32..64))))
    }
}

struct Saver<F> {
    tree: BaoTree,
    save: F,
}

impl<F: FnMut(u64, &[u8; NODE_BYTES]) -> io::Result<()>> OutboardMut for Saver<F> {
    fn save(&mut self, node: TreeNode, pair: &(blake3::Hash, blake3::Hash)) -> io::Result<()> {
        match self.tree.pre_order_offset(node) {
            Some(number) => (self.save)(number, &pair_bytes(pair)),
            None => Ok(()),
        }
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes of one span, where they stand in the blob.
struct Window<'a> {
    offset: u64,
    bytes: &'a [u8],
}

impl ReadAt for Window<'_> {
    fn read_at(&self, at: u64, mut into: &mut [u8]) -> io::Result<usize> {
        let from = at.checked_sub(self.offset).and_then(|n| usize::try_from(n).ok());
        let found = from.and_then(|n| self.bytes.get(n..)).unwrap_or_default();
        let n = found.len().min(into.len());
        into.write_all(&found[..n])?;
        Ok(n)
    }
}
