package io.modelassay.runtime;

import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.AdapterTensor;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Loss and gradients of one batch: for each trained tensor, by its name in the adapter, a float32 tensor. */
@API(status = API.Status.INTERNAL)
public final class Gradients implements AutoCloseable {
    private final Kernels kernels;
    private final SortedMap<String, Tensor> sums = new TreeMap<>();
    private final SortedMap<String, List<Tensor>> slices = new TreeMap<>();
    double loss = Double.NaN;
    double recomputation;

    @Nullable
    String nonFinite;

    Gradients(Kernels kernels) {
        this.kernels = kernels;
    }

    /**
     * A gradient as it can be judged.
     *
     * @param norm its Frobenius norm
     * @param nonFinite how many of its values are NaN or infinite
     */
    public record Measure(double norm, long nonFinite) {}

    /** Mean cross entropy in nats a token; NaN where the pass gave something that is not finite. */
    public double loss() {
        return loss;
    }

    /** What first gave values that are not finite: a stored tensor of the base that holds them, or a layer; or null. */
    public @Nullable String firstNonFinite() {
        return nonFinite;
    }

    /** Largest relative difference, in the Frobenius norm, of a layer's output computed again from the first time's. */
    public double recomputation() {
        return recomputation;
    }

    /** The gradient of each tensor that one came to. */
    public SortedMap<String, Measure> measures() {
        SortedMap<String, Measure> measures = new TreeMap<>();
        sums.forEach((name, gradient) -> {
            try (Tensor measured = kernels.call("measure", gradient)) {
                double[] values = kernels.doubles(measured);
                measures.put(name, new Measure(values[0], (long) values[1]));
            }
        });
        return measures;
    }

    /** The values of one gradient, in row-major order. */
    public float[] values(String name) {
        return kernels.floats(get(name));
    }

    /** {@code plan} after one step of gradient descent, {@code rate} times the gradient; its tensors become float32. */
    public AdapterPlan step(AdapterPlan plan, double rate) {
        AdapterParts parts = new AdapterParts(kernels.engine(), plan);
        Map<String, AdapterTensor> values = new HashMap<>();
        plan.trained().forEach((name, tensor) -> {
            Tensor gradient = sums.get(name);
            if (gradient != null) {
                try (Tensor before = parts.load(tensor, DType.FP32);
                        Tensor after = kernels.call("stepped", before, gradient, rate)) {
                    ByteBuffer read = kernels.bytes(after);
                    ByteBuffer bytes =
                            ByteBuffer.allocateDirect(read.remaining()).order(ByteOrder.LITTLE_ENDIAN);
                    bytes.put(read).flip();
                    values.put(name, new AdapterTensor(name, TensorType.F32, tensor.shape(), bytes::duplicate));
                }
            }
        });
        return plan.with(values);
    }

    Tensor get(String name) {
        Tensor gradient = sums.get(name);
        if (gradient == null) {
            throw new IllegalArgumentException("No gradient came to " + name);
        }
        return gradient;
    }

    /** Adds a gradient, which stays the caller's. */
    void add(String name, Tensor gradient) {
        Tensor before = sums.get(name);
        sums.put(name, before == null ? kernels.call("as_float32", gradient) : kernels.call("total", before, gradient));
        if (before != null) {
            before.close();
        }
    }

    /** Adds the next rows of a gradient, which are no longer the caller's. */
    void addRows(String name, Tensor rows) {
        slices.computeIfAbsent(name, unused -> new ArrayList<>()).add(rows);
    }

    /** Puts rows together, once there are all. */
    void join() {
        slices.forEach((name, rows) -> {
            try (Tensor joined = kernels.call("joined", rows)) {
                add(name, joined);
            }
        });
        closeSlices();
    }

    private void closeSlices() {
        slices.values().forEach(rows -> rows.forEach(Tensor::close));
        slices.clear();
    }

    @Override
    public void close() {
        sums.values().forEach(Tensor::close);
        sums.clear();
        closeSlices();
    }

    /** The gradients of {@code names} among what a kernel returned. */
    void addAll(Map<String, String> names, Map<String, Tensor> results) {
        names.forEach((place, name) -> {
            Tensor gradient = results.get(place);
            if (gradient != null) {
                add(name, gradient);
            }
        });
    }
}
