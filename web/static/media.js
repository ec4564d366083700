// Files of versions, as addresses that a page can show: `media/WORKSPACE/ASSET/CONTENT`. Players ask
// for ranges; the leading tab's worker fetches, verifies and decrypts them, piece by piece, and this
// worker hands them on. It holds no key, and keeps nothing.
const MEDIA = /\/media\/([0-9a-f]+)\/([0-9a-f]+)\/([0-9a-f]+)$/;
const PIECE_BYTES = 1 << 20;
const SILENCE_MS = 30_000;
// What is said to be anything else is only ever bytes: nothing of it is run, or shown as a page.
const SHOWN = /^(image\/(png|jpeg|gif|webp|svg\+xml|avif|bmp)|video\/(mp4|webm|quicktime|x-matroska)|audio\/(wav|mpeg|mp4|ogg|flac|aac)|application\/pdf|text\/plain)$/;

const engine = {
  channel: new BroadcastChannel('proofroom'),
  name: `media-${crypto.randomUUID()}`,
  open: new Map(),
  next: 1,

  /** Asks whoever leads, as another tab's worker does; asks again when another one takes over. */
  ask(ask) {
    const number = this.next++;
    const asked = JSON.stringify({ number, ask });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { this.open.delete(number); reject(new Error('nobody answers')); }, SILENCE_MS);
      this.open.set(number, { asked, resolve, timer });
      this.channel.postMessage({ from: this.name, asked });
    });
  },

  hear({ data }) {
    if (data.all && JSON.parse(data.all).notice?.ready?.fault === null) {
      for (const { asked } of this.open.values()) this.channel.postMessage({ from: this.name, asked });
    }
    if (data.to !== this.name) return;
    const { number, reply } = JSON.parse(data.told).reply;
    const waiting = this.open.get(number);
    if (!waiting) return;
    this.open.delete(number);
    clearTimeout(waiting.timer);
    waiting.resolve({ reply, body: data.body });
  },
};
engine.channel.onmessage = (event) => engine.hear(event);

/** First and last byte that a request asks for; the last may be missing. */
function rangeOf(request) {
  const found = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get('range') ?? '');
  if (!found || (found[1] === '' && found[2] === '')) return null;
  if (found[1] === '') return { suffix: Number(found[2]) };
  return { first: Number(found[1]), last: found[2] === '' ? Infinity : Number(found[2]) };
}

async function media(request, [, workspace, asset, content]) {
  const piece = async (offset, bytes) => {
    const { reply, body } = await engine.ask({ piece: { workspace, asset, content, offset, bytes } });
    if (!reply.piece) throw new Error(reply.fault?.what ?? 'the engine gives no piece');
    return { ...reply.piece, body };
  };
  const range = rangeOf(request);
  try {
    let first = range?.first ?? 0;
    let head = await piece(first, range?.suffix ? 0 : Math.min(PIECE_BYTES, (range?.last ?? Infinity) - first + 1));
    const { total, media_type } = head;
    if (range?.suffix) {
      first = Math.max(0, total - range.suffix);
      head = await piece(first, PIECE_BYTES);
    }
    const end = Math.min(total, (range?.last ?? Infinity) + 1);
    const headers = {
      'content-type': SHOWN.test(media_type) ? media_type : 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      // Opened by itself, an SVG is a picture and nothing else.
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'; sandbox",
      'cross-origin-resource-policy': 'same-origin',
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
    };
    const name = new URL(request.url).searchParams.get('save');
    // A link with `download` would be fetched past this worker.
    if (name !== null) headers['content-disposition'] = `attachment; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (c) => '%' + c.charCodeAt(0).toString(16))}`;
    if (first >= total && total > 0) {
      return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${total}` } });
    }
    headers['content-length'] = String(end - first);
    if (range) headers['content-range'] = `bytes ${first}-${end - 1}/${total}`;
    return new Response(body(head.body, first, end, piece), { status: range ? 206 : 200, headers });
  } catch (error) {
    return new Response(String(error.message), { status: 504, headers: { 'content-type': 'text/plain; charset=utf-8' } });
  }
}

/** The bytes from `at` to `end`, asked for as they are read. */
function body(begun, at, end, piece) {
  let next = begun;
  return new ReadableStream({
    async pull(to) {
      const bytes = next ?? (await piece(at, Math.min(PIECE_BYTES, end - at))).body;
      next = null;
      at += bytes.byteLength;
      if (bytes.byteLength > 0) to.enqueue(bytes);
      if (at >= end || bytes.byteLength === 0) to.close();
    },
  }, { highWaterMark: 0 });
}
