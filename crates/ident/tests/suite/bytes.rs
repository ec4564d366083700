//! The canonical layouts' reader and writer.

use proofroom_ident::{ByteReader, ByteWriter};

#[test]
fn what_is_written_reads_back() {
    let mut w = ByteWriter::with_capacity(8);
    w.u8(1).u16(2).u32(3).u64(4).run(b"five").put(b"six").run(b"");
    assert_eq!((w.len(), w.is_empty()), (15 + 8 + 3 + 4, false));
    let bytes = w.finish();
    let mut r = ByteReader::new(&bytes);
    assert_eq!(r.u8("1"), Ok(1));
    assert_eq!(r.u16("2"), Ok(2));
    assert_eq!(r.u32("3"), Ok(3));
    assert_eq!(r.u64("4"), Ok(4));
    assert_eq!(r.run("5"), Ok(b"five".as_slice()));
    assert_eq!(r.array("6"), Ok(*b"six"));
    assert_eq!((r.position(), r.remaining()), (26, 4));
    assert_eq!(r.run("7"), Ok(b"".as_slice()));
    assert!(r.is_empty());
}

#[test]
fn numbers_are_little_endian() {
    let mut w = ByteWriter::default();
    w.u16(0x0102).u32(0x0304_0506).u64(0x0708);
    assert_eq!(w.finish(), [2, 1, 6, 5, 4, 3, 8, 7, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn short_input_says_where_and_what_for() {
    let mut r = ByteReader::new(&[1, 2, 3]);
    r.u8("first").expect("three bytes");
    let error = r.u32("second").expect_err("two are left");
    assert_eq!((error.what, error.at, error.wanted, error.len), ("second", 1, 4, 3));
    assert_eq!(error.to_string(), "input ends at byte 1 of 3, 4 more wanted for second");
    assert_eq!(r.u16("still readable"), Ok(0x0302), "a failed read moves nothing");
}

#[test]
fn a_runs_length_is_believed_only_if_the_bytes_are_there() {
    for claimed in [1, 5, u32::MAX] {
        let bytes = claimed.to_le_bytes();
        assert!(ByteReader::new(&bytes).run("run").is_err(), "{claimed}");
    }
    assert!(ByteReader::new(&[0; 2]).take(usize::MAX, "all").is_err());
    let mut at_one = ByteReader::new(&[0; 2]);
    at_one.u8("first").expect("two bytes");
    assert!(at_one.take(usize::MAX, "no overflow").is_err());
}
