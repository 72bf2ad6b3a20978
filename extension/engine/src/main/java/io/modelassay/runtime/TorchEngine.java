package io.modelassay.runtime;

import ai.djl.engine.Engine;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.util.cuda.CudaUtils;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** The PyTorch engine on one device. Started on first use, once a JVM and device; never stopped. */
@API(status = API.Status.INTERNAL)
public final class TorchEngine {
    private static final Map<Device, TorchEngine> STARTED = new EnumMap<>(Device.class);

    private final ai.djl.Device device;
    private final PtNDManager manager;
    private final String version;
    private final Map<List<String>, Kernels> kernels = new HashMap<>();
    private @Nullable Boolean packsWeights;

    private TorchEngine(Engine engine, ai.djl.Device device) {
        this.device = device;
        this.manager = (PtNDManager) engine.newBaseManager(device);
        this.version = engine.getVersion();
    }

    /**
     * The engine on {@code device}.
     *
     * @throws RuntimeFailure {@code no-gpu} if a GPU is asked for and the engine sees none, {@code engine-failed} if the
     *     native library cannot be loaded
     */
    public static TorchEngine on(Device device) {
        synchronized (STARTED) {
            TorchEngine known = STARTED.get(device);
            if (known == null) {
                known = start(device);
                STARTED.put(device, known);
            }
            return known;
        }
    }

    /** Whether a GPU is there; starts no engine. */
    public static boolean seesGpu() {
        return CudaUtils.getGpuCount() > 0;
    }

    private static TorchEngine start(Device device) {
        // The engine would otherwise report its use to its makers, and wait for the network where there is none.
        if (System.getProperty("OPT_OUT_TRACKING") == null) {
            System.setProperty("OPT_OUT_TRACKING", "true");
        }
        Engine engine;
        try {
            engine = Engine.getEngine("PyTorch");
        } catch (RuntimeException | UnsatisfiedLinkError e) {
            throw new RuntimeFailure(
                    RuntimeProblem.ENGINE_FAILED,
                    "The PyTorch engine did not start: " + e.getMessage(),
                    "add ai.djl.pytorch:pytorch-native-cpu for this platform to the test classpath",
                    e);
        }
        boolean gpu = device != Device.CPU && engine.getGpuCount() > 0;
        if (device == Device.GPU && !gpu) {
            throw new RuntimeFailure(
                    RuntimeProblem.NO_GPU,
                    "A GPU is required, but PyTorch " + engine.getVersion() + " sees none",
                    "device = AUTO, or a pytorch-native build for CUDA on the test classpath");
        }
        return new TorchEngine(engine, gpu ? ai.djl.Device.gpu() : ai.djl.Device.cpu());
    }

    /** The device that really runs: {@link Device#CPU} or {@link Device#GPU}. */
    public Device device() {
        return device.isGpu() ? Device.GPU : Device.CPU;
    }

    /** For example {@code PyTorch 2.7.1}. */
    public String version() {
        return "PyTorch " + version;
    }

    /** Threads that one operator uses on the CPU. */
    public int threads() {
        return JniUtils.getNumThreads();
    }

    /** Whether oneDNN lays out bfloat16 weights on this machine; tried once. */
    boolean packsWeights() {
        synchronized (kernels) {
            if (packsWeights == null) {
                packsWeights = device() == Device.CPU && tryPacking();
            }
            return packsWeights;
        }
    }

    private boolean tryPacking() {
        try (Kernels trial = Kernels.compile(this, Kernels.class, List.of("packed_products.py"));
                Tensor ones = floats(1, 1, 1, 1);
                Tensor square = trial.call("shaped", ones, new long[] {2, 2});
                Tensor weight = trial.call("convert", square, DType.BF16.scalarType());
                Tensor packed = trial.call("packed", weight);
                Tensor product = trial.call("product", weight, packed)) {
            return trial.floats(product)[0] == 2;
        } catch (RuntimeFailure e) {
            return false;
        }
    }

    Kernels shared(List<String> files, Supplier<Kernels> compiler) {
        synchronized (kernels) {
            return kernels.computeIfAbsent(files, names -> compiler.get());
        }
    }

    PtNDManager manager() {
        return manager;
    }

    ai.djl.Device djlDevice() {
        return device;
    }

    /**
     * The bytes of a stored tensor as a UINT8 tensor on this device; on the CPU without a copy.
     *
     * @param bytes direct buffer from its position to its limit; kept alive by the tensor
     */
    Tensor bytes(ByteBuffer bytes) {
        ByteBuffer slice = bytes.slice();
        PtNDArray array = manager.create(
                slice, new ai.djl.ndarray.types.Shape(slice.remaining()), ai.djl.ndarray.types.DataType.UINT8);
        return new Tensor(array);
    }

    /** Token ids or positions as an int64 tensor of one dimension. */
    public Tensor longs(long... values) {
        return new Tensor((PtNDArray) manager.create(values));
    }

    /** A float64 tensor without dimensions. */
    Tensor number(double value) {
        return new Tensor((PtNDArray) manager.create(value));
    }

    /** Values as a float32 tensor of one dimension. */
    public Tensor floats(float... values) {
        return new Tensor((PtNDArray) manager.create(values));
    }

    /**
     * The number by which TorchScript names a stored type.
     *
     * @throws RuntimeFailure {@code unsupported-dtype} for a type that the engine has no arithmetic or no view for
     */
    public static int scalarType(TensorType type, String tensor) {
        return switch (type) {
            case U8 -> 0;
            case I8 -> 1;
            case I16 -> 2;
            case I32 -> 3;
            case I64 -> 4;
            case F16 -> 5;
            case F32 -> 6;
            case F64 -> 7;
            case BOOL -> 11;
            case BF16 -> 15;
            case F8_E5M2 -> 23;
            case F8_E4M3 -> 24;
            case F8_E5M2FNUZ -> 25;
            case F8_E4M3FNUZ -> 26;
            default ->
                throw new RuntimeFailure(
                        RuntimeProblem.UNSUPPORTED_DTYPE,
                        "Tensor " + tensor + " is stored as " + type.label()
                                + ", a type that the PyTorch engine cannot compute with",
                        "only structural checks and value scans on this tensor");
        };
    }

    /** DJL's form of a shape. */
    static long[] dimensions(Shape shape) {
        return shape.dimensions().stream().mapToLong(Long::longValue).toArray();
    }
}
