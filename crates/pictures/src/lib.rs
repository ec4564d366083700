//! Pictures and design files, read into plain pixels, and what is made of them.
//!
//! Ground storey: bytes in, values out, with a limit on everything. The same code makes a
//! thumbnail in a terminal and in a browser, and the same bytes make the same pixels on both.
//!
//! - [`Picture`] is a picture as it is seen: upright, eight bits a channel, not premultiplied.
//!   [`Picture::read`] makes one of PNG, JPEG, GIF (its first frame), WebP, TIFF or PSD bytes.
//! - [`Design`] is what a PSD says of its layers, and their pixels on demand.
//! - [`thumbnail`], [`whole`] and [`tiles`] are the renditions of a picture.

mod design;
mod picture;
mod psd;
mod rendered;

pub use design::{Design, Layer, LayerPixels};
pub use picture::{PIXELS_MAX, Picture, PictureFacts, ReadError};
pub use rendered::{Encoded, Tiled, encode, thumbnail, tiles, whole};
