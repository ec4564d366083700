#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proofroom_sim::targets::run("stamp", data));
