// Streams, events and graphs. Work is queued and runs when something waits for it, so that a missing wait is seen.
#include "driver.h"
#include <chrono>
#include <deque>
#include <memory>
#include <set>
#include <vector>

namespace emulator {

std::recursive_mutex driver_lock;
int sticky;

// What a stream has got to; none where the event was never recorded.
struct Point { Stream* stream = nullptr; u64 position = 0; };

// A kernel; or a wait for what another stream has queued before a point; or copies and the like.
struct Item { Work work; bool is_kernel = false; Point until; };

// A reset ends a graph; its owner destroys it all the same.
struct Graph { std::vector<Item> items; bool ended = false; };

struct Stream {
  std::deque<Item> queue;
  u64 submitted = 0, finished = 0;
  bool blocking = true;
  Graph* capture = nullptr;
};

// The time is shared with the work that sets it, which may outlive the event.
struct Event { Point point; bool recorded = false; std::shared_ptr<double> milliseconds = std::make_shared<double>(0); };

static std::set<Stream*> streams;
static std::set<Graph*> graphs;

static bool copies_are_early;

static Graph* new_graph(std::vector<Item> items) { return *graphs.insert(new Graph{std::move(items)}).first; }

static void delete_graph(Graph* graph) {
  graphs.erase(graph);
  delete graph;
}

static bool is_reached(const Point& point) { return !streams.count(point.stream) || point.stream->finished >= point.position; }

static int run_until(Stream* stream, u64 position);

static void run_next(Stream* stream) {
  Item item = std::move(stream->queue.front());
  stream->queue.pop_front();
  stream->finished++;
  if (!is_reached(item.until)) run_until(item.until.stream, item.until.position);
  if (sticky || !item.work) return;
  if (int result = item.work()) sticky = result;
}

static int run_until(Stream* stream, u64 position) {
  while (!sticky && stream->finished < position && !stream->queue.empty()) run_next(stream);
  return sticky;
}

// Copies ahead of every kernel, as far as what their streams wait for is done.
static void run_copies() {
  for (bool ran = true; ran && !sticky;) {
    ran = false;
    for (Stream* s : streams)
      for (; !sticky && !s->queue.empty() && !s->queue.front().is_kernel && is_reached(s->queue.front().until); ran = true) run_next(s);
  }
}

static int append(Stream* stream, Item item) {
  if (stream->capture) { stream->capture->items.push_back(std::move(item)); return Success; }
  stream->queue.push_back(std::move(item));
  stream->submitted++;
  if (copies_are_early) run_copies();
  return Success;
}

int drain(Stream* stream) {
  if (stream) return run_until(stream, stream->submitted);
  for (Stream* s : streams) run_until(s, s->submitted);
  return sticky;
}

void drain_blocking() {
  for (Stream* s : streams)
    if (s->blocking) run_until(s, s->submitted);
}

// Queued work is dropped, with the host memory it staged: nothing of it may run once its memory is gone.
void forget_work() {
  for (Stream* s : streams) {
    s->queue.clear();
    s->finished = s->submitted;
    if (s->capture) delete_graph(s->capture);
    s->capture = nullptr;
  }
  for (Graph* g : graphs) {
    g->items.clear();
    g->ended = true;
  }
}

int submit(Stream* stream, Work work, bool is_kernel) {
  if (!stream) {                        // the legacy default stream: in order with all blocking streams
    drain_blocking();
    if (!sticky) sticky = work();
    return sticky;
  }
  return append(stream, {std::move(work), is_kernel, {}});
}

}  // namespace emulator

using namespace emulator;

// Order of the streams: 0 all work as late as possible, 1 all but kernels as early as possible.
extern "C" __attribute__((visibility("default"))) void emulatorSetStreams(int order) { copies_are_early = order == 1; }

API cuCtxSynchronize() { ENTER; return drain(nullptr); }

API cuStreamCreate(Stream** stream, u32 flags) {
  ENTER;
  *stream = new Stream;
  (*stream)->blocking = !(flags & 1);
  streams.insert(*stream);
  return Success;
}

API cuStreamDestroy_v2(Stream* stream) {
  std::lock_guard<std::recursive_mutex> guard(driver_lock);
  drain(stream);
  if (stream->capture) delete_graph(stream->capture);
  streams.erase(stream);
  delete stream;
  return sticky;
}

API cuStreamSynchronize(Stream* stream) {
  ENTER;
  if (stream && stream->capture) return CaptureUnsupported;
  return drain(stream);
}

API cuStreamQuery(Stream* stream) {
  ENTER;
  return drain(stream);
}

API cuEventCreate(Event** event, u32) { ENTER; *event = new Event; return Success; }
API cuEventDestroy_v2(Event* event) { std::lock_guard<std::recursive_mutex> guard(driver_lock); delete event; return Success; }

API cuEventRecord(Event* event, Stream* stream) {
  ENTER;
  event->recorded = true;
  int result = submit(stream, [milliseconds = event->milliseconds] {
    *milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
    return Success;
  });
  event->point = {stream, stream ? stream->submitted : 0};
  return result;
}

API cuStreamWaitEvent(Stream* stream, Event* event, u32) {
  ENTER;
  if (!stream || stream->capture) return CaptureUnsupported;
  return event->recorded ? append(stream, {nullptr, false, event->point}) : (int)Success;
}

API cuEventSynchronize(Event* event) {
  ENTER;
  return streams.count(event->point.stream) ? run_until(event->point.stream, event->point.position) : (int)Success;
}

API cuEventQuery(Event* event) {
  ENTER;
  return is_reached(event->point) ? Success : NotReady;
}

API cuEventElapsedTime(float* milliseconds, Event* start, Event* end) {
  ENTER;
  if (!start->recorded || !end->recorded) return InvalidHandle;
  *milliseconds = (float)(*end->milliseconds - *start->milliseconds);
  return Success;
}

API cuStreamBeginCapture_v2(Stream* stream, int) {
  ENTER;
  if (!stream || stream->capture) return InvalidValue;
  stream->capture = new_graph({});
  return Success;
}

API cuStreamEndCapture(Stream* stream, Graph** graph) {
  ENTER;
  if (!stream || !stream->capture) return CaptureInvalid;
  *graph = stream->capture;
  stream->capture = nullptr;
  return Success;
}

API cuGraphInstantiateWithFlags(Graph** executable, Graph* graph, u64) {
  ENTER;
  if (graph->ended) return InvalidHandle;
  *executable = new_graph(graph->items);
  return Success;
}

API cuGraphLaunch(Graph* executable, Stream* stream) {
  ENTER;
  if (executable->ended) return InvalidHandle;
  if (!stream) return InvalidValue;
  for (const Item& item : executable->items)
    if (int result = append(stream, item)) return result;
  return Success;
}

API cuGraphDestroy(Graph* graph) { std::lock_guard<std::recursive_mutex> guard(driver_lock); delete_graph(graph); return Success; }
API cuGraphExecDestroy(Graph* graph) { std::lock_guard<std::recursive_mutex> guard(driver_lock); delete_graph(graph); return Success; }
