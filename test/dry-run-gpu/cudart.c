/*
 * Stands in for libcudart: device memory, launches, copies, streams and events. Memory is address space that the host only
 * touches when something is copied to it. Launches are counted and checked, and compute nothing.
 *
 * DRY_RUN_GPU_BYTES        memory of the device, bytes; default 40 GiB
 * DRY_RUN_GPU_REPORT       a JSON file with the counters, written at each synchronisation and at the end; the process id is
 *                          appended to its name
 * DRY_RUN_GPU_DISCARD=1    bytes that are copied to the device are dropped, so that a large model needs little host memory
 */
#define _GNU_SOURCE
#include "device.h"
#include <cuda_runtime_api.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
  char *start;
  size_t bytes;
} block;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static block blocks[1 << 16];
static int block_count;
static struct {
  size_t used, peak, allocations;
  unsigned long launches, bad_launches, synchronisations;
  unsigned long copies_to_device, copies_to_host;
  size_t bytes_to_device, bytes_to_host;
} counted;

static size_t device_bytes(void) {
  const char *text = getenv("DRY_RUN_GPU_BYTES");
  return text ? strtoull(text, 0, 10) : (size_t)40 << 30;
}

/* Written under another name first, because the test may read it at any time. */
__attribute__((destructor)) static void report(void) {
  const char *to = getenv("DRY_RUN_GPU_REPORT");
  if (!to) return;
  char name[4096], fresh[4096 + 8];
  snprintf(name, sizeof name, "%s.%d", to, getpid());
  snprintf(fresh, sizeof fresh, "%s.new", name);
  FILE *out = fopen(fresh, "w");
  if (!out) return;
  fprintf(out,
          "{\"used\":%zu,\"peak\":%zu,\"allocations\":%zu,\"launches\":%lu,\"badLaunches\":%lu,\"synchronisations\":%lu,"
          "\"copiesToDevice\":%lu,\"bytesToDevice\":%zu,\"copiesToHost\":%lu,\"bytesToHost\":%zu}\n",
          counted.used, counted.peak, counted.allocations, counted.launches, counted.bad_launches, counted.synchronisations,
          counted.copies_to_device, counted.bytes_to_device, counted.copies_to_host, counted.bytes_to_host);
  fclose(out);
  rename(fresh, name);
}

/* Memory */

static size_t pages(size_t bytes) { return bytes ? (bytes + 4095) & ~(size_t)4095 : 4096; }

static cudaError_t take(void **pointer, size_t bytes) {
  cudaError_t result = cudaErrorMemoryAllocation;
  pthread_mutex_lock(&lock);
  *pointer = 0;
  if (counted.used + bytes <= device_bytes() && block_count < (int)(sizeof blocks / sizeof *blocks)) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    char *start = mmap(0, pages(bytes), PROT_READ | PROT_WRITE, flags, -1, 0);
    if (start != MAP_FAILED) {
      blocks[block_count++] = (block){start, bytes};
      counted.used += bytes;
      counted.allocations++;
      if (counted.used > counted.peak) counted.peak = counted.used;
      *pointer = start;
      result = cudaSuccess;
    }
  }
  pthread_mutex_unlock(&lock);
  return result;
}

static cudaError_t give_back(void *pointer) {
  if (!pointer) return cudaSuccess;
  cudaError_t result = cudaErrorInvalidValue;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < block_count; i++) {
    if (blocks[i].start != pointer) continue;
    counted.used -= blocks[i].bytes;
    munmap(pointer, pages(blocks[i].bytes));
    blocks[i] = blocks[--block_count];
    result = cudaSuccess;
    break;
  }
  pthread_mutex_unlock(&lock);
  return result;
}

static int on_device(const void *pointer) {
  int found = 0;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < block_count && !found; i++) {
    found = (char *)pointer >= blocks[i].start && (char *)pointer < blocks[i].start + blocks[i].bytes;
  }
  pthread_mutex_unlock(&lock);
  return found;
}

static cudaError_t copy(void *to, const void *from, size_t bytes) {
  const int to_device = on_device(to), from_device = on_device(from);
  if (to_device && !from_device) counted.copies_to_device++, counted.bytes_to_device += bytes;
  if (!to_device && from_device) counted.copies_to_host++, counted.bytes_to_host += bytes;
  if (!to_device || !getenv("DRY_RUN_GPU_DISCARD")) memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMalloc(void **p, size_t n) { return take(p, n); }
cudaError_t cudaMallocFromPoolAsync(void **p, size_t n, cudaMemPool_t pool, cudaStream_t s) { return take(p, n); }
cudaError_t cudaFree(void *p) { return give_back(p); }
cudaError_t cudaFreeAsync(void *p, cudaStream_t s) { return give_back(p); }
cudaError_t cudaHostAlloc(void **p, size_t n, unsigned flags) { return *p = malloc(n ? n : 1), cudaSuccess; }
cudaError_t cudaMallocHost(void **p, size_t n) { return *p = malloc(n ? n : 1), cudaSuccess; }
cudaError_t cudaFreeHost(void *p) { return free(p), cudaSuccess; }
cudaError_t cudaMemcpy(void *to, const void *from, size_t n, enum cudaMemcpyKind kind) { return copy(to, from, n); }
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, enum cudaMemcpyKind kind, cudaStream_t s) {
  return copy(to, from, n);
}
cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height,
                              enum cudaMemcpyKind kind, cudaStream_t s) {
  for (size_t row = 0; row < height; row++) copy((char *)to + row * to_pitch, (char *)from + row * from_pitch, width);
  return cudaSuccess;
}
cudaError_t cudaMemcpyFromSymbol(void *to, const void *symbol, size_t n, size_t offset, enum cudaMemcpyKind kind) {
  return memset(to, 0, n), cudaSuccess;
}
cudaError_t cudaMemset(void *p, int value, size_t n) { return cudaSuccess; }
cudaError_t cudaMemsetAsync(void *p, int value, size_t n, cudaStream_t s) { return cudaSuccess; }
cudaError_t cudaMemGetInfo(size_t *available, size_t *total) {
  *total = device_bytes();
  *available = *total - counted.used;
  return cudaSuccess;
}
cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes, const void *p) {
  memset(attributes, 0, sizeof *attributes);
  attributes->type = on_device(p) ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  attributes->devicePointer = (void *)p;
  return cudaSuccess;
}

/* Launches */

static cudaError_t launch(dim3 grid, dim3 block, size_t shared) {
  counted.launches++;
  const int empty = !grid.x || !grid.y || !grid.z || !block.x || !block.y || !block.z;
  const int large = grid.x > MAX_GRID_X || grid.y > MAX_GRID_YZ || grid.z > MAX_GRID_YZ || block.z > MAX_BLOCK_Z ||
                    (size_t)block.x * block.y * block.z > THREADS_PER_BLOCK || shared > SHARED_BYTES_PER_BLOCK_OPTIN;
  if (!empty && !large) return cudaSuccess;
  counted.bad_launches++;
  fprintf(stderr, "dry run: a launch is out of bounds: grid %u %u %u, block %u %u %u, %zu bytes shared\n", grid.x, grid.y,
          grid.z, block.x, block.y, block.z, shared);
  return cudaErrorInvalidConfiguration;
}

cudaError_t cudaLaunchKernel(const void *f, dim3 grid, dim3 block, void **args, size_t shared, cudaStream_t s) {
  return launch(grid, block, shared);
}
cudaError_t cudaLaunchCooperativeKernel(const void *f, dim3 grid, dim3 block, void **args, size_t shared, cudaStream_t s) {
  return launch(grid, block, shared);
}
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t *config, const void *f, void **args) {
  return launch(config->gridDim, config->blockDim, config->dynamicSmemBytes);
}
cudaError_t __cudaLaunchKernel(cudaKernel_t k, dim3 grid, dim3 block, void **args, size_t shared, cudaStream_t s) {
  return launch(grid, block, shared);
}
cudaError_t __cudaGetKernel(cudaKernel_t *kernel, const void *f) { return *kernel = (cudaKernel_t)f, cudaSuccess; }

/* What nvcc writes for `kernel<<<grid, block, shared, stream>>>(…)`: the first function before the call, the second in it. */
static __thread struct {
  dim3 grid, block;
  size_t shared;
  void *stream;
} configuration;
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, void *stream) {
  configuration.grid = grid, configuration.block = block;
  configuration.shared = shared, configuration.stream = stream;
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream) {
  *grid = configuration.grid, *block = configuration.block;
  *shared = configuration.shared, *(void **)stream = configuration.stream;
  return cudaSuccess;
}
void **__cudaRegisterFatBinary(void *binary) {
  static void *handle;
  return &handle;
}
void __cudaRegisterFatBinaryEnd(void **handle) {}
void __cudaUnregisterFatBinary(void **handle) {}
void __cudaRegisterFunction(void **handle, const char *f, char *name, const char *device_name, int limit, void *thread,
                            void *block, void *block_dim, void *grid_dim, int *warp) {}
void __cudaRegisterVar(void **handle, char *variable, char *address, const char *name, int external, size_t size, int constant,
                       int global) {}

/* The device */

cudaError_t cudaGetDeviceCount(int *count) { return *count = 1, cudaSuccess; }
cudaError_t cudaGetDevice(int *device) { return *device = 0, cudaSuccess; }
cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; }
cudaError_t cudaDriverGetVersion(int *version) { return *version = CUDA_VERSION, cudaSuccess; }
cudaError_t cudaRuntimeGetVersion(int *version) { return *version = CUDA_VERSION, cudaSuccess; }
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int device) {
  memset(p, 0, sizeof *p);
  strcpy(p->name, DEVICE_NAME);
  p->major = 8;
  p->minor = 0;
  p->totalGlobalMem = device_bytes();
  p->multiProcessorCount = MULTIPROCESSORS;
  p->warpSize = WARP;
  p->maxThreadsPerBlock = THREADS_PER_BLOCK;
  p->maxThreadsPerMultiProcessor = THREADS_PER_MULTIPROCESSOR;
  p->maxThreadsDim[0] = p->maxThreadsDim[1] = THREADS_PER_BLOCK;
  p->maxThreadsDim[2] = MAX_BLOCK_Z;
  p->maxGridSize[0] = MAX_GRID_X;
  p->maxGridSize[1] = p->maxGridSize[2] = MAX_GRID_YZ;
  p->regsPerBlock = p->regsPerMultiprocessor = REGISTERS;
  p->sharedMemPerBlock = SHARED_BYTES_PER_BLOCK;
  p->sharedMemPerBlockOptin = SHARED_BYTES_PER_BLOCK_OPTIN;
  p->sharedMemPerMultiprocessor = SHARED_BYTES_PER_MULTIPROCESSOR;
  p->l2CacheSize = L2_BYTES;
  p->memoryBusWidth = 5120;
  p->concurrentKernels = p->unifiedAddressing = p->cooperativeLaunch = 1;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device) {
  switch (attribute) {
  case cudaDevAttrMaxThreadsPerBlock: *value = THREADS_PER_BLOCK; break;
  case cudaDevAttrMaxThreadsPerMultiProcessor: *value = THREADS_PER_MULTIPROCESSOR; break;
  case cudaDevAttrWarpSize: *value = WARP; break;
  case cudaDevAttrMultiProcessorCount: *value = MULTIPROCESSORS; break;
  case cudaDevAttrComputeCapabilityMajor: *value = 8; break;
  case cudaDevAttrComputeCapabilityMinor: *value = 0; break;
  case cudaDevAttrMaxSharedMemoryPerBlock: *value = SHARED_BYTES_PER_BLOCK; break;
  case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = SHARED_BYTES_PER_BLOCK_OPTIN; break;
  case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = SHARED_BYTES_PER_MULTIPROCESSOR; break;
  case cudaDevAttrMaxRegistersPerBlock:
  case cudaDevAttrMaxRegistersPerMultiprocessor: *value = REGISTERS; break;
  case cudaDevAttrMaxBlocksPerMultiprocessor: *value = 32; break;
  case cudaDevAttrReservedSharedMemoryPerBlock: *value = 1024; break;
  default: *value = 1;
  }
  return cudaSuccess;
}
cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *p, const void *f) {
  memset(p, 0, sizeof *p);
  p->maxThreadsPerBlock = THREADS_PER_BLOCK;
  p->numRegs = 64;
  p->maxDynamicSharedSizeBytes = SHARED_BYTES_PER_BLOCK_OPTIN;
  p->binaryVersion = p->ptxVersion = 80;
  return cudaSuccess;
}
cudaError_t cudaFuncSetAttribute(const void *f, enum cudaFuncAttribute attribute, int value) {
  return value > SHARED_BYTES_PER_BLOCK_OPTIN ? cudaErrorInvalidValue : cudaSuccess;
}
cudaError_t cudaKernelSetAttributeForDevice(cudaKernel_t k, enum cudaFuncAttribute attribute, int value, int device) {
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks_per, const void *f, int threads, size_t shared,
                                                                   unsigned flags) {
  return *blocks_per = 2, cudaSuccess;
}

/* Streams, events, graphs and pools: everything is done at once, so there is nothing to wait for. */

static cudaError_t handle(void **p) { return *p = malloc(64), cudaSuccess; }

cudaError_t cudaDeviceSynchronize(void) { return counted.synchronisations++, report(), cudaSuccess; }
cudaError_t cudaStreamCreate(cudaStream_t *s) { return handle((void **)s); }
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned flags) { return handle((void **)s); }
cudaError_t cudaStreamDestroy(cudaStream_t s) { return free(s), cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t s) { return counted.synchronisations++, report(), cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned flags) { return cudaSuccess; }
cudaError_t cudaStreamIsCapturing(cudaStream_t s, enum cudaStreamCaptureStatus *status) {
  return *status = cudaStreamCaptureStatusNone, cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t s, enum cudaStreamCaptureMode mode) { return cudaSuccess; }
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t *g) { return handle((void **)g); }
cudaError_t cudaEventCreate(cudaEvent_t *e) { return handle((void **)e); }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned flags) { return handle((void **)e); }
cudaError_t cudaEventDestroy(cudaEvent_t e) { return free(e), cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) { return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t e) { return cudaSuccess; }
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t a, cudaEvent_t b) { return *milliseconds = 1, cudaSuccess; }
cudaError_t cudaLaunchHostFunc(cudaStream_t s, cudaHostFn_t f, void *data) { return f(data), cudaSuccess; }
cudaError_t cudaMemPoolCreate(cudaMemPool_t *p, const struct cudaMemPoolProps *properties) { return handle((void **)p); }
cudaError_t cudaMemPoolDestroy(cudaMemPool_t p) { return free(p), cudaSuccess; }
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t p, enum cudaMemPoolAttr a, void *value) {
  return memset(value, 0, 8), cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t p, enum cudaMemPoolAttr a, void *value) { return cudaSuccess; }
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t p, size_t bytes) { return cudaSuccess; }
cudaError_t cudaGraphDestroy(cudaGraph_t g) { return cudaSuccess; }
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e) { return cudaSuccess; }
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *e, cudaGraph_t g, unsigned long long flags) { return handle((void **)e); }
cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s) { return cudaSuccess; }
cudaError_t cudaLibraryLoadData(cudaLibrary_t *l, const void *code, enum cudaJitOption *o, void **values, unsigned n,
                                enum cudaLibraryOption *lo, void **lvalues, unsigned ln) {
  return handle((void **)l);
}
cudaError_t cudaLibraryUnload(cudaLibrary_t l) { return free(l), cudaSuccess; }
cudaError_t cudaLibraryGetKernel(cudaKernel_t *k, cudaLibrary_t l, const char *name) { return handle((void **)k); }

static int nothing(void) { return 0; }
cudaError_t cudaGetDriverEntryPointByVersion(const char *name, void **f, unsigned version, unsigned long long flags,
                                             enum cudaDriverEntryPointQueryResult *result) {
  *f = (void *)nothing;
  if (result) *result = cudaDriverEntryPointSuccess;
  return cudaSuccess;
}

cudaError_t cudaGetLastError(void) { return cudaSuccess; }
cudaError_t cudaPeekAtLastError(void) { return cudaSuccess; }
const char *cudaGetErrorString(cudaError_t e) {
  return e == cudaErrorMemoryAllocation ? "out of memory" : "an error of the dry run";
}
const char *cudaGetErrorName(cudaError_t e) {
  return e == cudaErrorMemoryAllocation ? "cudaErrorMemoryAllocation" : "cudaErrorOfTheDryRun";
}
