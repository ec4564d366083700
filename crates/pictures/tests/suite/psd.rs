//! Writes PSDs, honest and otherwise.

/// A layer to be written.
#[derive(Clone)]
pub struct Paint {
    pub id: u32,
    pub name: &'static str,
    /// Left, top, right, bottom.
    pub edges: [i32; 4],
    pub colour: [u8; 3],
    pub hidden: bool,
    /// 0 for a layer, 1 for the head of a group, 3 for its end.
    pub section: u32,
    /// The compression of its channels.
    pub packing: u16,
}

impl Paint {
    pub fn new(id: u32, name: &'static str, edges: [i32; 4], colour: [u8; 3]) -> Self {
        Self { id, name, edges, colour, hidden: false, section: 0, packing: 1 }
    }

    pub fn group(id: u32, name: &'static str, section: u32) -> Self {
        Self { section, ..Self::new(id, name, [0; 4], [0; 3]) }
    }

    fn size(&self) -> (usize, usize) {
        let side = |a: i32, b: i32| usize::try_from(b - a).unwrap();
        (side(self.edges[0], self.edges[2]), side(self.edges[1], self.edges[3]))
    }
}

fn block(key: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [b"8BIM".as_slice(), key, &length(data), data].concat()
}

fn length(data: &[u8]) -> [u8; 4] {
    u32::try_from(data.len()).unwrap().to_be_bytes()
}

/// One value everywhere, packed.
fn channel(value: u8, (width, height): (usize, usize), packing: u16) -> Vec<u8> {
    let mut out = packing.to_be_bytes().to_vec();
    match packing {
        0 => out.extend(vec![value; width * height]),
        1 => {
            let run = |n: usize| if n == 1 { [0, value] } else { [u8::try_from(257 - n).unwrap(), value] };
            let lengths = (0..width).step_by(128).map(|at| (width - at).min(128));
            let row: Vec<u8> = lengths.flat_map(run).collect();
            out.extend((0..height).flat_map(|_| u16::try_from(row.len()).unwrap().to_be_bytes()));
            (0..height).for_each(|_| out.extend(&row));
        }
        2 => out.extend(miniz_oxide::deflate::compress_to_vec_zlib(&vec![value; width * height], 6)),
        _ => {
            let mut differences = vec![0; width * height];
            differences.chunks_mut(width.max(1)).for_each(|row| row[0] = value);
            out.extend(miniz_oxide::deflate::compress_to_vec_zlib(&differences, 6));
        }
    }
    out
}

/// A PSD of layers, the topmost first, over white.
pub fn psd((width, height): (u32, u32), layers: &[Paint]) -> Vec<u8> {
    let (mut records, mut channels) = (Vec::new(), Vec::new());
    for layer in layers.iter().rev() {
        let [left, top, right, bottom] = layer.edges.map(i32::to_be_bytes);
        records.extend([top, left, bottom, right].concat());
        let planes: Vec<Vec<u8>> =
            layer.colour.iter().map(|value| channel(*value, layer.size(), layer.packing)).collect();
        records.extend(3_u16.to_be_bytes());
        for (id, plane) in (0_i16..).zip(&planes) {
            records.extend(id.to_be_bytes());
            records.extend(length(plane));
        }
        records.extend(b"8BIMnorm");
        records.extend([255, 0, if layer.hidden { 2 } else { 0 }, 0]);
        let name = [&[u8::try_from(layer.name.len()).unwrap()], layer.name.as_bytes()].concat();
        let padded = name.len().next_multiple_of(4);
        let units: Vec<u8> = layer.name.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let units =
            [&u32::try_from(layer.name.encode_utf16().count()).unwrap().to_be_bytes()[..], &units].concat();
        let extra = [
            &[0; 8][..],
            &name,
            &vec![0; padded - name.len()],
            &block(b"luni", &units),
            &block(b"lyid", &layer.id.to_be_bytes()),
            &block(b"lsct", &layer.section.to_be_bytes()),
        ]
        .concat();
        records.extend(length(&extra));
        records.extend(extra);
        channels.extend(planes.concat());
    }
    let info = [&i16::try_from(layers.len()).unwrap().to_be_bytes()[..], &records, &channels].concat();
    let all = [&length(&info)[..], &info, &[0; 4]].concat();
    let mut out =
        [b"8BPS\0\x01\0\0\0\0\0\0\0\x03".as_slice(), &height.to_be_bytes(), &width.to_be_bytes()].concat();
    out.extend([0, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend(length(&all));
    out.extend(all);
    out.extend(composite((width, height), layers));
    out
}

fn composite((width, height): (u32, u32), layers: &[Paint]) -> Vec<u8> {
    let mut out = vec![0, 0];
    for plane in 0..3 {
        for y in 0..i32::try_from(height).unwrap() {
            for x in 0..i32::try_from(width).unwrap() {
                let covers = |l: &&Paint| {
                    let [left, top, right, bottom] = l.edges;
                    !l.hidden && left <= x && x < right && top <= y && y < bottom
                };
                out.push(layers.iter().find(covers).map_or(255, |l| l.colour[plane]));
            }
        }
    }
    out
}
