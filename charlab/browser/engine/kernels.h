// What kernels.c and multiply.c share.

typedef float float4 __attribute__((vector_size(16)));

#define EXPORT(name) __attribute__((export_name(#name))) name
#define PANEL 16

static inline float *floats(int place) { return (float *)((unsigned long)place << 2); }
static inline float4 load(const float *from) { return *(const float4 *)from; }
static inline void store(float *to, float4 x) { *(float4 *)to = x; }
static inline float4 all(float x) { return (float4){x, x, x, x}; }
