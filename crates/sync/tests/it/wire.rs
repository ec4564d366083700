//! What a session costs on the wire.

use crate::pair::{Pair, doc};

#[test]
fn one_changed_document_costs_one_clock() {
    let mut pair = Pair::new();
    for n in 1..100 {
        pair.bo.write_quietly(doc(n), 1, 100);
    }
    pair.connect();
    pair.settle();
    pair.cut();
    pair.bo.write_quietly(doc(50), 1, 100);
    pair.connect();
    let mut bytes = 0;
    loop {
        bytes += pair.ada.outgoing.iter().chain(&pair.bo.outgoing).map(bytes::Bytes::len).sum::<usize>();
        let (a, b) = (pair.ada.outgoing.len(), pair.bo.outgoing.len());
        if a + b == 0 {
            break;
        }
        (0..a.max(b)).for_each(|_| _ = pair.step());
    }
    pair.check_converged();
    // Two pages of 99 digests, two clocks, one entry, and the handshake.
    assert!(bytes < 2 * 99 * 48 + 4_000, "{bytes} bytes");
}
