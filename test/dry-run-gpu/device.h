/* The device that the stand-ins pretend to be: an A100. Its limits are those of NVIDIA's "Compute Capabilities", 8.0. */
#define DEVICE_NAME "dry-run A100"
#define MULTIPROCESSORS 108
#define THREADS_PER_BLOCK 1024
#define THREADS_PER_MULTIPROCESSOR 2048
#define WARP 32
#define REGISTERS 65536
#define L2_BYTES (40 << 20)
#define SHARED_BYTES_PER_BLOCK 49152
/* With the kernel's consent (cudaFuncSetAttribute). */
#define SHARED_BYTES_PER_BLOCK_OPTIN 166912
#define SHARED_BYTES_PER_MULTIPROCESSOR 167936
#define MAX_GRID_X 2147483647u
#define MAX_GRID_YZ 65535u
#define MAX_BLOCK_Z 64u
/* CUDA 13.0. */
#define CUDA_VERSION 13000
