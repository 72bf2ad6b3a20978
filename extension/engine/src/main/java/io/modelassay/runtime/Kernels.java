package io.modelassay.runtime;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import io.modelassay.architecture.DecoderPlan;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/**
 * A module of kernels: TorchScript source compiled by the engine, its functions called by name.
 *
 * <p>Arguments may be {@link Tensor}, {@code Long}, {@code Integer}, {@code Double}, {@code Boolean}, {@code String},
 * {@code long[]}, {@code List<Tensor>}, {@code Map<String, Tensor>} and {@code Map<String, Long>}; a result is a tensor,
 * a tuple of tensors or a dictionary of them. Only {@link #callRecording} records gradients.
 */
@API(status = API.Status.INTERNAL)
public final class Kernels implements AutoCloseable {
    private final TorchEngine engine;
    private final Model model;
    private final PtSymbolBlock block;

    private Kernels(TorchEngine engine, Model model) {
        this.engine = engine;
        this.model = model;
        this.block = (PtSymbolBlock) model.getBlock();
    }

    /**
     * Compiles the kernel files that lie beside {@code anchor}, or under an absolute resource name, as one module.
     *
     * @throws RuntimeFailure {@code kernel-invalid} with the engine's message and source line
     */
    public static Kernels compile(TorchEngine engine, Class<?> anchor, List<String> files) {
        Model model = Model.newInstance(String.join("+", files), engine.djlDevice(), "PyTorch");
        try {
            model.load(new ByteArrayInputStream(TorchArchive.of(anchor, files)));
        } catch (MalformedModelException | EngineException e) {
            model.close();
            throw RuntimeFailure.ofKernel(
                    RuntimeProblem.KERNEL_INVALID, "Kernels " + String.join(" + ", files) + ": " + e.getMessage(), e);
        } catch (IOException e) {
            model.close();
            throw new UncheckedIOException(e);
        }
        return new Kernels(engine, model);
    }

    /** The kernels of some files of this package, compiled once an engine and kept as long as it. */
    static Kernels shared(TorchEngine engine, String... files) {
        List<String> names = List.of(files);
        return engine.shared(names, () -> compile(engine, Kernels.class, names));
    }

    /** Whether products of {@code dtype} run on weights that oneDNN lays out, which rounds otherwise than plain ones. */
    static boolean packsProducts(TorchEngine engine, DType dtype) {
        return dtype == DType.BF16 && engine.packsWeights();
    }

    /**
     * The kernels of files that call linear modules, computed by the file {@code linear} with the products that are
     * fastest for weights of {@code dtype} on {@code engine}.
     */
    static Kernels withLinear(TorchEngine engine, DType dtype, String linear, String... files) {
        String products = packsProducts(engine, dtype) ? "packed_products.py" : "products.py";
        List<String> all = new ArrayList<>(List.of(products, "linear.py", linear));
        all.addAll(List.of(files));
        return shared(engine, all.toArray(String[]::new));
    }

    /** The kernels that run layers of {@code plan}. */
    static Kernels ofDecoder(TorchEngine engine, DType dtype, String linear, DecoderPlan plan) {
        return withLinear(engine, dtype, linear, decoderFiles(plan).toArray(String[]::new));
    }

    /** The files with a layer and what it calls, but for linear modules. */
    static List<String> decoderFiles(DecoderPlan plan) {
        return List.of("activation/" + plan.activation() + ".py", plan.kernel() + ".py");
    }

    /** The conversions alone: stored bytes to tensors and back. */
    public static Kernels conversions(TorchEngine engine) {
        return shared(engine);
    }

    /** The engine these kernels run on. */
    public TorchEngine engine() {
        return engine;
    }

    /** Calls a function that returns one tensor. */
    public Tensor call(String function, Object... arguments) {
        try (IValue result = run(function, arguments)) {
            return tensor(result);
        }
    }

    /** Calls a function that returns a tuple of tensors. */
    public List<Tensor> callTuple(String function, Object... arguments) {
        try (IValue result = run(function, arguments)) {
            List<Tensor> tensors = new ArrayList<>();
            for (IValue value : result.toIValueTuple()) {
                try (value) {
                    tensors.add(tensor(value));
                }
            }
            return tensors;
        }
    }

    /** Calls a function that returns a dictionary of tensors. */
    public Map<String, Tensor> callMap(String function, Object... arguments) {
        try (IValue result = run(function, arguments)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Map.Entry<String, IValue> entry : result.toIValueMap().entrySet()) {
                try (IValue value = entry.getValue()) {
                    tensors.put(entry.getKey(), tensor(value));
                }
            }
            return tensors;
        }
    }

    /**
     * Calls a function that takes gradients and returns a dictionary of tensors. Its numbers come as tensors without
     * dimensions, and each dictionary holds at least one tensor: the engine's call that records knows nothing else.
     */
    public Map<String, Tensor> callRecording(String function, Object... arguments) {
        JniUtils.setGraphExecutorOptimize(false);
        boolean recording = JniUtils.isGradMode();
        try (NDManager numbers = engine.manager().newSubManager()) {
            NDList inputs = new NDList();
            for (int i = 0; i < arguments.length; i++) {
                addRecorded(inputs, "argument" + i, arguments[i], numbers);
            }
            NDArray method = numbers.create(0);
            method.setName("module_method:" + function);
            inputs.add(method);
            JniUtils.setGradMode(true);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (NDArray result : IValueUtils.forward(block, inputs, true)) {
                tensors.put(result.getName(), new Tensor((PtNDArray) result));
            }
            return tensors;
        } catch (EngineException e) {
            throw RuntimeFailure.ofKernel(
                    RuntimeProblem.KERNEL_FAILED, "Kernel " + function + ": " + e.getMessage(), e);
        } finally {
            JniUtils.setGradMode(recording);
        }
    }

    private static void addRecorded(NDList inputs, String name, Object argument, NDManager numbers) {
        if (argument instanceof Map<?, ?> map) {
            map.forEach((key, item) -> addRecorded(inputs, name + "." + key, item, numbers));
            return;
        }
        NDArray array;
        if (argument instanceof Tensor tensor) {
            array = tensor.array();
        } else {
            Number number = (Number) argument;
            array = number instanceof Double
                    ? numbers.create(number.doubleValue())
                    : numbers.create(number.longValue());
        }
        array.setName(name);
        inputs.add(array);
    }

    /** Calls a function without arguments that returns a string. */
    public String text(String function) {
        try (IValue result = run(function)) {
            return result.toStringValue();
        }
    }

    /** Frees the compiled module. */
    @Override
    public void close() {
        model.close();
    }

    private Tensor tensor(IValue value) {
        return new Tensor(value.toTensor(engine.manager()));
    }

    private IValue run(String function, Object... arguments) {
        // The profiling executor compiles again after the first calls; kernels gain nothing from it.
        JniUtils.setGraphExecutorOptimize(false);
        IValue[] values = new IValue[arguments.length];
        List<IValue> open = new ArrayList<>();
        try {
            for (int i = 0; i < arguments.length; i++) {
                values[i] = value(arguments[i], open);
            }
            return IValueUtils.runMethod(block, function, values);
        } catch (EngineException e) {
            throw RuntimeFailure.ofKernel(
                    RuntimeProblem.KERNEL_FAILED, "Kernel " + function + ": " + e.getMessage(), e);
        } finally {
            open.forEach(IValue::close);
        }
    }

    private static IValue value(Object argument, List<IValue> open) {
        IValue value;
        if (argument instanceof Tensor tensor) {
            value = IValue.from(tensor.array());
        } else if (argument instanceof Number number) {
            value = argument instanceof Double || argument instanceof Float
                    ? IValue.from(number.doubleValue())
                    : IValue.from(number.longValue());
        } else if (argument instanceof Boolean flag) {
            value = IValue.from(flag.booleanValue());
        } else if (argument instanceof String text) {
            value = IValue.from(text);
        } else if (argument instanceof long[] longs) {
            value = IValue.listFrom(longs);
        } else if (argument instanceof List<?> list) {
            value = IValue.listFrom(
                    list.stream().map(item -> ((Tensor) item).array()).toArray(PtNDArray[]::new));
        } else if (argument instanceof Map<?, ?> map) {
            value = dictionary(map, open);
        } else {
            throw new IllegalArgumentException(
                    "A kernel takes no " + argument.getClass().getName());
        }
        open.add(value);
        return value;
    }

    private static IValue dictionary(Map<?, ?> map, List<IValue> open) {
        if (map.values().stream().allMatch(Tensor.class::isInstance)) {
            Map<String, PtNDArray> tensors = new LinkedHashMap<>();
            map.forEach((key, item) -> tensors.put((String) key, ((Tensor) item).array()));
            return IValue.stringMapFrom(tensors);
        }
        Map<String, IValue> values = new LinkedHashMap<>();
        map.forEach((key, item) -> values.put((String) key, value(item, open)));
        return IValue.stringIValueMapFrom(values);
    }

    /**
     * A stored tensor in the engine, in its stored type.
     *
     * @param name for messages
     * @param bytes its little-endian bytes, direct or memory-mapped
     * @throws RuntimeFailure {@code unsupported-dtype}
     */
    public Tensor stored(String name, TensorType type, Shape shape, ByteBuffer bytes) {
        int scalarType = TorchEngine.scalarType(type, name);
        try (Tensor raw = engine.bytes(bytes)) {
            return call("reinterpret", raw, scalarType, TorchEngine.dimensions(shape));
        }
    }

    /** The tensor's values as float32, in row-major order. */
    public float[] floats(Tensor tensor) {
        try (Tensor converted = call("as_float32", tensor)) {
            return converted.array().toFloatArray();
        }
    }

    /** The tensor's bytes in its own type, row-major and little-endian. */
    public ByteBuffer bytes(Tensor tensor) {
        try (Tensor raw = call("raw", tensor)) {
            return raw.array().toByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    /** The tensor's values as float64, in row-major order. */
    public double[] doubles(Tensor tensor) {
        try (Tensor converted = call("as_float64", tensor)) {
            return converted.array().toDoubleArray();
        }
    }

    /** The tensor's values as int64, in row-major order. */
    public long[] longs(Tensor tensor) {
        try (Tensor converted = call("as_int64", tensor)) {
            return converted.array().toLongArray();
        }
    }
}
