//! Mallory at the relay: whatever comes, nothing panics and nothing is stored.

use bytes::Bytes;
use proptest::prelude::*;

use crate::peer::{Peer, doc};
use crate::world::World;

fn busy() -> (World, Peer, Peer) {
    let mut world = World::new();
    let mut ada = Peer::new(1).found();
    ada.write(doc(1), 100);
    world.sync(&mut ada);
    let mut twin = ada.clone_of_device();
    world.connect(&mut twin);
    (world, ada, twin)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn random_frames_store_nothing(
        tag in 0u8..20,
        body in prop::collection::vec(any::<u8>(), 0..400),
        proved in any::<bool>(),
    ) {
        let (mut world, mut ada, twin) = busy();
        let before = world.entries(ada.workspace);
        let frame = Bytes::from([vec![1, tag], body].concat());
        world.send_raw(if proved { &ada } else { &twin }, frame);
        prop_assert_eq!(world.entries(ada.workspace), before);
        world.sync(&mut ada);
        prop_assert!(ada.is_in_sync(), "the relay serves on");
    }

    #[test]
    fn altered_entries_store_nothing(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let (mut world, mut ada, _) = busy();
        let mut bytes = ada.write(doc(2), 50).bytes().to_vec();
        let i = at.index(bytes.len());
        bytes[i] ^= 1 << bit;
        let before = world.entries(ada.workspace);
        world.send_raw(&ada, proofroom_sync::Message::Entries(vec![bytes.into()]).encode());
        prop_assert_eq!(world.entries(ada.workspace), before);
    }
}
