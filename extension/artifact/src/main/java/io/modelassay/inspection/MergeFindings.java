package io.modelassay.inspection;

import io.modelassay.adapter.AdapterConfig;
import io.modelassay.adapter.FloatMatrix;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A checkpoint that should be its reference with a LoRA merged into it: whether the adapter's modules have changed, and
 * with which strength. Some rows of each module are compared, as {@code merged - base = scale * B A}.
 */
final class MergeFindings {
    private static final String KEY = "base_model.model.";
    private static final int ROWS = 16;
    private static final double ALIKE = 0.9;
    private static final double TOLERANCE = 0.1;

    private final PeftAdapter adapter;
    private final Checkpoint merged;
    private final Checkpoint base;
    private final List<String> unchanged = new ArrayList<>();
    private final List<Double> strengths = new ArrayList<>();
    private int compared;

    private MergeFindings(PeftAdapter adapter, Checkpoint merged, Checkpoint base) {
        this.adapter = adapter;
        this.merged = merged;
        this.base = base;
    }

    /** Nothing of other methods, of quantized weights, and where the change has nothing to do with the adapter. */
    static List<Finding> of(PeftAdapter adapter, Checkpoint merged, Checkpoint base) {
        AdapterConfig config = adapter.config();
        if (!config.peftType().equals("LORA") || config.usesDora() || config.isFanInFanOut()) {
            return List.of();
        }
        MergeFindings found = new MergeFindings(adapter, merged, base);
        adapter.modules().forEach(found::compare);
        return found.findings();
    }

    private void compare(String module) {
        Optional<FloatMatrix> a = FloatMatrix.of(adapter.weights(), KEY + module + ".lora_A.weight");
        Optional<FloatMatrix> b = FloatMatrix.of(adapter.weights(), KEY + module + ".lora_B.weight");
        Optional<FloatMatrix> before = FloatMatrix.of(base, module + ".weight");
        Optional<FloatMatrix> after = FloatMatrix.of(merged, module + ".weight");
        if (a.isEmpty() || b.isEmpty() || before.isEmpty() || after.isEmpty()) {
            return;
        }
        boolean fits = after.get().rows() == before.get().rows()
                && after.get().columns() == before.get().columns()
                && b.get().rows() == before.get().rows()
                && a.get().columns() == before.get().columns()
                && b.get().columns() == a.get().rows();
        if (fits) {
            compare(module, a.get(), b.get(), before.get(), after.get());
        }
    }

    private void compare(String module, FloatMatrix a, FloatMatrix b, FloatMatrix before, FloatMatrix after) {
        double scale = scale(module);
        double changes = 0;
        double updates = 0;
        double products = 0;
        boolean shows = false;
        int step = Math.max(1, before.rows() / ROWS);
        for (int row = 0; row < before.rows(); row += step) {
            float[] old = before.row(row);
            float[] now = after.row(row);
            double[] update = update(a, b.row(row));
            for (int i = 0; i < old.length; i++) {
                double change = (double) now[i] - old[i];
                changes += change * change;
                updates += update[i] * update[i];
                products += change * update[i];
                shows |= after.rounded((float) (old[i] + scale * update[i])) != after.rounded(old[i]);
            }
        }
        if (!shows) {
            return; // too small an update for the type that is stored
        }
        compared++;
        if (changes == 0) {
            unchanged.add(module);
        } else if (products / Math.sqrt(changes * updates) > ALIKE) {
            strengths.add(products / updates / scale);
        }
    }

    private static double[] update(FloatMatrix a, float[] weights) {
        double[] update = new double[a.columns()];
        for (int k = 0; k < weights.length; k++) {
            float[] row = a.row(k);
            for (int i = 0; i < update.length; i++) {
                update[i] += (double) weights[k] * row[i];
            }
        }
        return update;
    }

    private double scale(String module) {
        AdapterConfig config = adapter.config();
        double rank = config.rank(module);
        return config.alpha(module) / (config.usesRankStabilization() ? Math.sqrt(rank) : rank);
    }

    private List<Finding> findings() {
        List<Finding> findings = new ArrayList<>();
        if (!unchanged.isEmpty()) {
            findings.add(
                    new Finding(
                            "adapter-not-merged",
                            Severity.ERROR,
                            unchanged.get(0),
                            unchanged.size() + " of " + compared
                                    + " modules of the adapter are unchanged against the reference: "
                                    + NameGroup.summary(unchanged),
                            "merge again, from the base and the adapter that were meant, and save what merge_and_unload returns"));
        }
        strength().ifPresent(findings::add);
        return findings;
    }

    private Optional<Finding> strength() {
        List<Double> sorted = strengths.stream().sorted().toList();
        if (sorted.isEmpty() || 2 * sorted.size() < compared) {
            return Optional.empty();
        }
        double factor = sorted.get(sorted.size() / 2);
        if (Math.abs(factor - 1) <= TOLERANCE) {
            return Optional.empty();
        }
        AdapterConfig config = adapter.config();
        double declared = scale("");
        double root = Math.sqrt((double) config.rank());
        boolean stabilized = !config.usesRankStabilization() && Math.abs(factor / root - 1) <= TOLERANCE;
        return Optional.of(new Finding(
                "adapter-scale-disagrees",
                Severity.ERROR,
                "adapter_config.json",
                String.format(
                        Locale.ROOT,
                        "The adapter explains how the checkpoint differs from the reference only with the scale %.3g; its"
                                + " config says %.3g (lora_alpha %s, r %d)%s",
                        factor * declared,
                        declared,
                        config.alpha(),
                        config.rank(),
                        stabilized ? ": was use_rslora lost?" : ""),
                stabilized
                        ? "set use_rslora to true in the config"
                        : "the lora_alpha, r and use_rslora of the training"));
    }
}
