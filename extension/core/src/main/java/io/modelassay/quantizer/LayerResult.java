package io.modelassay.quantizer;

import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.runtime.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apiguardian.api.API;

/**
 * What has become of one layer: of each quantized module {@code codes} (uint8, {@code [out, in]}), {@code scales}
 * (float16) and {@code zeros} (uint8, {@code [out, groups]}) and the group of each channel, {@code g_idx} (int32,
 * {@code [in]}); and parameters that the method changed beside them, in float32.
 */
@API(status = API.Status.INTERNAL)
public final class LayerResult implements AutoCloseable {
    private final String layer;
    private final QuantizationPlan plan;
    private final Map<String, Tensor> tensors = new TreeMap<>();
    private final List<ModuleReport> reports = new ArrayList<>();

    LayerResult(String layer, QuantizationPlan plan) {
        this.layer = layer;
        this.plan = plan;
    }

    String layer() {
        return layer;
    }

    QuantizationPlan plan() {
        return plan;
    }

    /** Whether the weight of {@code module} is to be quantized. */
    public boolean asksFor(String module) {
        return plan.quantizes(module);
    }

    /** The settings for {@code module}, if it is asked for. */
    public Optional<Quantization> settings(String module) {
        return plan.settings(module);
    }

    /** Takes over {@code parts}. */
    public void add(ModuleReport report, Map<String, Tensor> parts) {
        parts.forEach((part, tensor) -> tensors.put(report.module() + "." + part, tensor));
        reports.add(report);
    }

    /** Takes over {@code tensor}, the new value of a parameter in float32. */
    public void change(String parameter, Tensor tensor) {
        tensors.put(parameter, tensor);
    }

    Map<String, Tensor> tensors() {
        return tensors;
    }

    List<ModuleReport> reports() {
        return reports;
    }

    @Override
    public void close() {
        tensors.values().forEach(Tensor::close);
        tensors.clear();
    }
}
