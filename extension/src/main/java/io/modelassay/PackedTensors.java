package io.modelassay;

import io.modelassay.architecture.LoadReport;
import io.modelassay.checkpoint.Checkpoint;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The modules of a checkpoint whose weight some quantization has replaced by other tensors, told by the names alone.
 * Their tensors are neither missing nor unexpected; whether they are right is for the scheme to say.
 */
final class PackedTensors {
    /** What only a quantized module has. */
    private static final List<String> MARKERS = List.of(
            ".qweight",
            ".weight_packed",
            ".weight.absmax",
            ".weight_absmax",
            ".SCB",
            ".weight_scale_inv",
            ".weight_scale");

    /** All that a quantized module may have in the place of its weight. */
    private static final Set<String> PARTS = Set.of(
            "qweight",
            "qzeros",
            "scales",
            "g_idx",
            "weight",
            "weight_packed",
            "weight_scale",
            "weight_scale_inv",
            "weight_scale_2",
            "weight_global_scale",
            "weight_zero_point",
            "weight_shape",
            "weight_g_idx",
            "weight_format",
            "weight_absmax",
            "weight_quant_map",
            "weight_nested_absmax",
            "weight_nested_quant_map",
            "weight_quant_state",
            "weight_scb",
            "input_scale",
            "input_zero_point",
            "input_global_scale",
            "SCB");

    private final SortedSet<String> modules = new TreeSet<>();

    PackedTensors(Checkpoint checkpoint) {
        for (String name : checkpoint.tensors().keySet()) {
            for (String marker : MARKERS) {
                if (name.endsWith(marker)) {
                    modules.add(name.substring(0, name.length() - marker.length()));
                }
            }
        }
    }

    /** Names of the modules, sorted. */
    SortedSet<String> modules() {
        return modules;
    }

    /** Whether a tensor of this name stands, or is gone, because its module is quantized. */
    boolean explains(String name) {
        int weight = name.indexOf(".weight.");
        int dot = weight >= 0 ? weight : name.lastIndexOf('.');
        return dot > 0
                && modules.contains(name.substring(0, dot))
                && (weight >= 0 || PARTS.contains(name.substring(dot + 1)));
    }

    /** The report without what the quantization explains. */
    LoadReport without(LoadReport report) {
        Predicate<String> unexplained = name -> !explains(name);
        return new LoadReport(
                report.missing().stream().filter(unexplained).toList(),
                report.unexpected().stream().filter(unexplained).toList(),
                report.mismatched().stream()
                        .filter(mismatch -> !explains(mismatch.name()))
                        .toList(),
                report.checked());
    }
}
