// Keeps the app's files, so that it opens with the network unplugged. Work is not here:
// it lives in the engine's store, which an update of the app never touches.
const CACHE = 'proofroom-{{VERSION}}';
const FILES = {{FILES}};
const LATER = {{LATER}};

{{MEDIA}}

self.addEventListener('install', (event) => {
  // It waits until a page says so: what runs goes on with the files that it was started with.
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES.map((name) => './' + name))));
});

self.addEventListener('message', (event) => {
  if (event.data === 'take over') self.skipWaiting();
});

self.addEventListener('activate', (event) => {
  // Old files stay until no page that was started with them is left.
  event.waitUntil(self.clients.matchAll({ type: 'window' }).then(async (pages) => {
    if (pages.length <= 1) {
      const names = await caches.keys();
      await Promise.all(names.filter((name) => name.startsWith('proofroom-') && name !== CACHE).map((name) => caches.delete(name)));
    }
    await self.clients.claim();
    // Offline, too: but only once the app itself is here.
    caches.open(CACHE).then((cache) => cache.addAll(LATER.map((name) => './' + name))).catch(() => {});
  }));
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return;
  const file = MEDIA.exec(url.pathname);
  if (file) return event.respondWith(media(event.request, file));
  const home = new URL(self.registration.scope).pathname;
  const page = event.request.mode === 'navigate' && [home, `${home}index.html`].includes(url.pathname);
  event.respondWith((async () => {
    // One version as a whole: the page comes from where its files come from. Files of an older
    // version are there as long as one of its pages may be.
    const cache = await caches.open(CACHE);
    const held = page ? await cache.match('./index.html') : await cache.match(event.request) ?? await caches.match(event.request);
    return held ?? fetch(event.request);
  })());
});
