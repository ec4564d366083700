//! Identifiers and digests: fixed bytes, `Copy`, one type each.

use std::fmt;
use std::marker::PhantomData;

/// Milliseconds since the Unix epoch, as somebody claims them. Never decides validity.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub u64);

/// A text is not the hexadecimal form of an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: {want} hexadecimal digits are wanted")]
pub struct IdParseError {
    /// The name of the identifier type.
    pub what: &'static str,
    /// The text as given, at most 80 characters of it.
    pub text: String,
    /// How many digits the type has.
    pub want: usize,
}

fn parse_hex<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], IdParseError> {
    let mut out = [0; N];
    let err = || IdParseError { what, text: text.chars().take(80).collect(), want: N * 2 };
    if text.len() != N * 2 {
        return Err(err());
    }
    let n = data_encoding::HEXLOWER_PERMISSIVE.decode_mut(text.as_bytes(), &mut out).map_err(|_| err())?;
    if n == N { Ok(out) } else { Err(err()) }
}

macro_rules! fixed_bytes {
    ($($(#[$doc:meta])* $name:ident [$n:literal] $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $n]);

        impl $name {
            /// Length, in bytes.
            pub const LEN: usize = $n;
            /// All zero: stands for "none" where a layout needs a value.
            pub const ZERO: Self = Self([0; $n]);

            /// Wraps bytes.
            pub const fn from_bytes(bytes: [u8; $n]) -> Self {
                Self(bytes)
            }
            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $n] {
                &self.0
            }
            /// Whether all bytes are zero.
            pub fn is_zero(&self) -> bool {
                self.0 == [0; $n]
            }
            /// Lower-case hexadecimal.
            pub fn to_hex(&self) -> String {
                data_encoding::HEXLOWER.encode(&self.0)
            }
            /// The first eight hexadecimal digits, for people.
            pub fn short(&self) -> String {
                data_encoding::HEXLOWER.encode(&self.0[..4])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_hex())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.short())
            }
        }
        impl std::str::FromStr for $name {
            type Err = IdParseError;
            fn from_str(text: &str) -> Result<Self, IdParseError> {
                parse_hex::<$n>($what, text).map(Self)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.to_hex())
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

fixed_bytes! {
    /// A workspace: the BLAKE3 hash of its genesis entry, so it certifies itself.
    WorkspaceId[32] "a workspace id";
    /// A document of a workspace.
    DocId[16] "a document id";
    /// One writer session's log within one document.
    LogId[16] "a log id";
    /// An asset: the logical thing across time.
    AssetId[16] "an asset id";
    /// An intake request.
    RequestId[16] "a request id";
    /// A comment, reply or task.
    CommentId[16] "a comment id";
    /// An invite: the public half of its capability key.
    InviteId[32] "an invite id";
    /// A person: the Ed25519 public key made from their recovery phrase.
    PersonId[32] "a person id";
    /// A device's Ed25519 signing public key. Authors are named by it.
    SignerKey[32] "a signing key";
    /// A device's X25519 public key, to which epoch keys are wrapped.
    KexPublic[32] "a key-exchange key";
    /// A device's endpoint key on the network.
    EndpointKey[32] "an endpoint key";
    /// Names an epoch key without revealing it; derived from the key.
    KeyId[16] "a key id";
    /// The BLAKE3 hash of an entry's signed bytes.
    EntryHash[32] "an entry hash";
    /// The BLAKE3 hash of a snapshot's header and signature.
    SnapshotId[32] "a snapshot id";
    /// The BLAKE3 hash of a blob's ciphertext: where it is stored and fetched.
    BlobHash[32] "a blob hash";
    /// The BLAKE3 hash of a file's plaintext: what people, decisions and certificates name.
    ContentHash[32] "a content hash";
    /// The BLAKE3 hash of a version's canonical manifest.
    VersionHash[32] "a version hash";
    /// A random nonce for XChaCha20-Poly1305.
    Nonce[24] "a nonce";
    /// An Ed25519 signature.
    Signature[64] "a signature";
}

impl WorkspaceId {
    /// The document of this workspace that is named by `parts`, which must be self-delimiting.
    fn doc(&self, label: &str, parts: &[&[u8]], audience: Audience) -> DocId {
        let mut hasher = blake3::Hasher::new_derive_key("proofroom 1 document id");
        hasher.update(self.as_bytes());
        hasher.update(label.as_bytes());
        for part in parts {
            hasher.update(part);
        }
        let mut out = [0; 16];
        out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        out[0] = out[0] & 0x7f | (audience as u8) << 7;
        DocId(out)
    }

    /// The plan document: requests, briefs, the list of assets.
    pub fn plan_doc(&self) -> DocId {
        self.doc("plan", &[], Audience::Everyone)
    }

    /// The review document of one asset for one audience.
    pub fn review_doc(&self, asset: AssetId, audience: Audience) -> DocId {
        self.doc("review", &[asset.as_bytes(), &[audience as u8]], audience)
    }
}

impl LogId {
    /// The log of `author` in `doc`, of one class, that begins with the first eight
    /// bytes of `seed`. Their top two bits become the class, and the other eight
    /// bytes follow from all of it. So a log's name says whose it is and what it
    /// may carry, and nobody can begin a log under a name that another made.
    pub fn of_author(author: SignerKey, doc: DocId, class: LogClass, seed: LogId) -> Self {
        let mut out = seed.0;
        out[0] = out[0] & 0x3f | (class as u8) << 6;
        Self(out).derived(author, doc)
    }

    /// Whether this is the name of a log of `author` in `doc`.
    pub fn is_of(&self, author: SignerKey, doc: DocId) -> bool {
        self.class().is_some() && *self == self.derived(author, doc)
    }

    /// What the log may carry; `None` if no log can have this name.
    pub fn class(&self) -> Option<LogClass> {
        LogClass::ALL.into_iter().find(|class| *class as u8 == self.0[0] >> 6)
    }

    fn derived(mut self, author: SignerKey, doc: DocId) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("proofroom 1 log id");
        hasher.update(author.as_bytes()).update(doc.as_bytes()).update(&self.0[..8]);
        self.0[8..].copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        self
    }
}

/// What a log carries: entries of one class, so that what stands for a run of
/// changes can never hide a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum LogClass {
    /// Batches of changes to the document.
    Changes = 0,
    /// Decisions and other standalone statements.
    Statements = 1,
    /// Membership operations.
    Authority = 2,
}

impl LogClass {
    /// All classes.
    pub const ALL: [LogClass; 3] = [LogClass::Changes, LogClass::Statements, LogClass::Authority];
}

impl DocId {
    /// The authority log of every workspace: members, devices, invites, keys.
    pub const AUTHORITY: DocId = DocId([0; 16]);

    /// Who may read the document. The top bit of the first byte says it, so that
    /// nobody can claim a document for another audience before its members write to it.
    pub fn audience(&self) -> Audience {
        if self.0[0] & 0x80 == 0 { Audience::Everyone } else { Audience::Team }
    }
}

/// Who may read a document. Each audience has documents and keys of its own.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Audience {
    /// All members, guests included.
    #[default]
    Everyone = 0,
    /// Owners, producers and reviewers: guests never receive it.
    Team = 1,
}

impl Audience {
    /// Both audiences, widest first.
    pub const ALL: [Audience; 2] = [Audience::Everyone, Audience::Team];

    /// The audience of a byte from the wire.
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Everyone),
            1 => Some(Self::Team),
            _ => None,
        }
    }
}

/// The BLAKE3 hash of a `T` in its canonical form.
pub struct Digest<T> {
    bytes: [u8; 32],
    of: PhantomData<fn() -> T>,
}

impl<T> Digest<T> {
    /// Wraps 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { bytes, of: PhantomData }
    }
    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}
impl<T> Clone for Digest<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Digest<T> {}
impl<T> PartialEq for Digest<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}
impl<T> Eq for Digest<T> {}
impl<T> fmt::Debug for Digest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", data_encoding::HEXLOWER.encode(&self.bytes[..4]))
    }
}

/// Hashing helpers that carry their domain in the type.
pub trait HashWords: Sized {
    /// The BLAKE3 hash of `bytes`.
    fn of(bytes: &[u8]) -> Self;
}
macro_rules! hash_of {
    ($($name:ident)*) => {$(
        impl HashWords for $name {
            fn of(bytes: &[u8]) -> Self {
                Self(*blake3::hash(bytes).as_bytes())
            }
        }
    )*};
}
hash_of!(EntryHash SnapshotId BlobHash ContentHash VersionHash WorkspaceId);
