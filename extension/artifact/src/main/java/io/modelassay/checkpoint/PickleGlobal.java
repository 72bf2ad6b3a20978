package io.modelassay.checkpoint;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A class or function that a pickle may name. The names are a closed list; a name never leads to code, only to what
 * {@link TorchCalls} makes of it.
 *
 * @param name module and name, as in a message
 * @param kind what a call of it makes
 * @param type element type of a storage or dtype; null if tensors of it are not read
 * @param elementBytes size of an element of a storage or dtype, else 0
 */
record PickleGlobal(String name, Kind kind, @Nullable TensorType type, int elementBytes) {

    enum Kind {
        /** A dict, filled later or from a list of pairs. */
        DICT,
        /** A value that weights don't depend on. */
        DATA,
        SIZE,
        TENSOR,
        TENSOR_WITH_DTYPE,
        PARAMETER,
        /** A tensor that is not plain numbers in memory. */
        UNSUPPORTED_TENSOR,
        STORAGE,
        UNTYPED_STORAGE,
        DTYPE,
        /** Only ever an argument. */
        NAME
    }

    private static final Map<String, PickleGlobal> ALLOWED = new HashMap<>();

    static {
        collections();
        tensors();
        storages();
        dtypes();
    }

    /** The global of this module and name, or empty if a pickle of tensors has no business with it. */
    static Optional<PickleGlobal> find(String module, String name) {
        return Optional.ofNullable(ALLOWED.get(key(module, name)));
    }

    private static String key(String module, String name) {
        return module + '\n' + name;
    }

    private static void collections() {
        allow("collections", "OrderedDict", Kind.DICT);
        allow("collections", "Counter", Kind.DATA);
        allow("_codecs", "encode", Kind.DATA);
        for (String module : new String[] {"builtins", "__builtin__"}) {
            allow(module, "set", Kind.DATA);
            allow(module, "frozenset", Kind.DATA);
            allow(module, "bytearray", Kind.DATA);
            allow(module, "complex", Kind.DATA);
        }
        allow("torch", "device", Kind.DATA);
        allow("torch.serialization", "_get_layout", Kind.DATA);
        allow("torch", "Size", Kind.SIZE);
        allow("torch", "Tensor", Kind.NAME);
        for (String scheme : new String[] {
            "per_tensor_affine",
            "per_tensor_symmetric",
            "per_channel_affine",
            "per_channel_symmetric",
            "per_channel_affine_float_qparams"
        }) {
            allow("torch", scheme, Kind.NAME);
        }
    }

    private static void tensors() {
        allow("torch._utils", "_rebuild_tensor", Kind.TENSOR);
        allow("torch._utils", "_rebuild_tensor_v2", Kind.TENSOR);
        allow("torch._utils", "_rebuild_tensor_v3", Kind.TENSOR_WITH_DTYPE);
        allow("torch._utils", "_rebuild_parameter", Kind.PARAMETER);
        allow("torch._utils", "_rebuild_parameter_with_state", Kind.PARAMETER);
        allow("torch.nn.parameter", "Parameter", Kind.PARAMETER);
        for (String rebuild : new String[] {
            "_rebuild_qtensor",
            "_rebuild_sparse_tensor",
            "_rebuild_sparse_csr_tensor",
            "_rebuild_nested_tensor",
            "_rebuild_meta_tensor_no_storage",
            "_rebuild_wrapper_subclass",
            "_rebuild_device_tensor_from_numpy",
            "_rebuild_device_tensor_from_cpu_tensor"
        }) {
            allow("torch._utils", rebuild, Kind.UNSUPPORTED_TENSOR);
        }
        allow("torch._tensor", "_rebuild_from_type_v2", Kind.UNSUPPORTED_TENSOR);
    }

    private static void storages() {
        storage("FloatStorage", TensorType.F32, 4);
        storage("DoubleStorage", TensorType.F64, 8);
        storage("HalfStorage", TensorType.F16, 2);
        storage("BFloat16Storage", TensorType.BF16, 2);
        storage("LongStorage", TensorType.I64, 8);
        storage("IntStorage", TensorType.I32, 4);
        storage("ShortStorage", TensorType.I16, 2);
        storage("CharStorage", TensorType.I8, 1);
        storage("ByteStorage", TensorType.U8, 1);
        storage("BoolStorage", TensorType.BOOL, 1);
        storage("ComplexFloatStorage", TensorType.C64, 8);
        storage("ComplexDoubleStorage", null, 16);
        storage("QInt8Storage", null, 1);
        storage("QUInt8Storage", null, 1);
        storage("QInt32Storage", null, 4);
        storage("QUInt4x2Storage", null, 1);
        storage("QUInt2x4Storage", null, 1);
        for (String module : new String[] {"torch", "torch.storage"}) {
            put(module, "UntypedStorage", Kind.UNTYPED_STORAGE, TensorType.U8, 1);
        }
    }

    private static void dtypes() {
        dtype(TensorType.F32, 4, "float32", "float");
        dtype(TensorType.F64, 8, "float64", "double");
        dtype(TensorType.F16, 2, "float16", "half");
        dtype(TensorType.BF16, 2, "bfloat16");
        dtype(TensorType.I64, 8, "int64", "long");
        dtype(TensorType.I32, 4, "int32", "int");
        dtype(TensorType.I16, 2, "int16", "short");
        dtype(TensorType.I8, 1, "int8");
        dtype(TensorType.U8, 1, "uint8");
        dtype(TensorType.U16, 2, "uint16");
        dtype(TensorType.U32, 4, "uint32");
        dtype(TensorType.U64, 8, "uint64");
        dtype(TensorType.BOOL, 1, "bool");
        dtype(TensorType.C64, 8, "complex64", "cfloat");
        dtype(TensorType.F8_E4M3, 1, "float8_e4m3fn");
        dtype(TensorType.F8_E5M2, 1, "float8_e5m2");
        dtype(TensorType.F8_E8M0, 1, "float8_e8m0fnu");
        dtype(TensorType.F8_E4M3FNUZ, 1, "float8_e4m3fnuz");
        dtype(TensorType.F8_E5M2FNUZ, 1, "float8_e5m2fnuz");
        dtype(null, 16, "complex128", "cdouble");
        dtype(null, 4, "complex32", "chalf", "qint32");
        dtype(null, 1, "float4_e2m1fn_x2", "quint8", "qint8", "quint4x2", "quint2x4");
        for (int bits = 1; bits < 8; bits++) {
            dtype(null, 1, "uint" + bits, "int" + bits);
        }
    }

    private static void storage(String name, @Nullable TensorType type, int elementBytes) {
        put("torch", name, Kind.STORAGE, type, elementBytes);
    }

    private static void dtype(@Nullable TensorType type, int elementBytes, String... names) {
        for (String name : names) {
            put("torch", name, Kind.DTYPE, type, elementBytes);
        }
    }

    private static void allow(String module, String name, Kind kind) {
        put(module, name, kind, null, 0);
    }

    private static void put(String module, String name, Kind kind, @Nullable TensorType type, int elementBytes) {
        ALLOWED.put(key(module, name), new PickleGlobal(module + "." + name, kind, type, elementBytes));
    }
}
