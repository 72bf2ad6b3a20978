package io.modelassay.evaluation;

import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.AdapterTensor;
import io.modelassay.runtime.Gradients;
import io.modelassay.runtime.Gradients.Measure;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.TrainingPass;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apiguardian.api.API;

/**
 * One step of gradient descent on an adapter beside a frozen base, on one batch.
 *
 * <p>The rate is {@value #SHARE} of the loss divided by the squared norm of the whole gradient: to first order, the loss
 * falls by that share. While the loss is not lower after the step, the rate is halved, {@value #HALVINGS} times at most.
 *
 * <p>A tensor whose gradient is zero may be healthy: that of LoRA's A is, while B is zero. So tensors without a gradient are
 * asked once more after the step, which has moved the others; those that still have none are {@link #unreached}.
 *
 * @param tensors how many tensors training changes
 * @param tokens how many tokens the batch predicts
 * @param loss mean cross entropy before the step, in nats a token; NaN if the pass gave something that is not finite
 * @param lossAfter the same after it; NaN where no step could be taken
 * @param rate the rate of the step
 * @param firstNonFinite what first gave values that are not finite: a stored tensor that holds them, else a layer
 * @param nonFinite trained tensors whose gradient is not finite
 * @param unreached trained tensors to which no gradient comes, not even after the first step
 * @param changedWeights weights of the base that did not keep their bits
 * @param provenance where the figures come from
 */
@API(status = API.Status.EXPERIMENTAL)
public record TrainingStep(
        int tensors,
        int tokens,
        double loss,
        double lossAfter,
        double rate,
        Optional<String> firstNonFinite,
        SortedSet<String> nonFinite,
        SortedSet<String> unreached,
        SortedSet<String> changedWeights,
        Provenance provenance) {
    private static final double SHARE = 0.1;
    private static final int HALVINGS = 12;

    /** Takes the step on {@code windows} of one length; {@code base} and the adapter stay as they are. */
    public static TrainingStep of(LanguageModel base, AdapterPlan adapter, List<int[]> windows) {
        TrainingPass pass = new TrainingPass(base, adapter);
        SortedMap<String, AdapterTensor> trained = adapter.trained();
        try (Gradients gradients = pass.gradients(windows)) {
            SortedMap<String, Measure> measures = gradients.measures();
            SortedSet<String> unreached = new TreeSet<>(trained.keySet());
            unreached.removeAll(reached(measures));
            Descent descent = new Descent(gradients.loss(), Double.NaN, 0, adapter);
            if (isFinite(gradients, measures)) {
                descent = Descent.along(gradients, pass, adapter, windows);
                if (!unreached.isEmpty() && descent.falls()) {
                    try (Gradients second = pass.with(descent.adapter()).gradients(windows)) {
                        unreached.removeAll(reached(second.measures()));
                    }
                }
            }
            SortedSet<String> broken = new TreeSet<>();
            measures.forEach((name, measure) -> {
                if (measure.nonFinite() > 0) {
                    broken.add(name);
                }
            });
            return new TrainingStep(
                    trained.size(),
                    windows.stream().mapToInt(window -> window.length - 1).sum(),
                    gradients.loss(),
                    descent.lossAfter(),
                    descent.rate(),
                    Optional.ofNullable(gradients.firstNonFinite()),
                    broken,
                    unreached,
                    pass.changedWeights(),
                    Provenance.of(base));
        }
    }

    private static boolean isFinite(Gradients gradients, SortedMap<String, Measure> measures) {
        return gradients.firstNonFinite() == null
                && measures.values().stream().allMatch(measure -> measure.nonFinite() == 0);
    }

    private static List<String> reached(SortedMap<String, Measure> measures) {
        return measures.entrySet().stream()
                .filter(entry -> entry.getValue().norm() != 0)
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Whether the step lowered the loss. */
    public boolean lowersLoss() {
        return lossAfter < loss;
    }

    /** A step that was taken, or tried. */
    private record Descent(double loss, double lossAfter, double rate, AdapterPlan adapter) {
        static Descent along(Gradients gradients, TrainingPass pass, AdapterPlan adapter, List<int[]> windows) {
            double squared = gradients.measures().values().stream()
                    .mapToDouble(measure -> measure.norm() * measure.norm())
                    .sum();
            Descent tried = new Descent(gradients.loss(), Double.NaN, 0, adapter);
            double rate = SHARE * gradients.loss() / squared;
            for (int i = 0; i <= HALVINGS && squared > 0 && !tried.falls(); i++) {
                AdapterPlan stepped = gradients.step(adapter, rate);
                tried = new Descent(gradients.loss(), pass.with(stepped).loss(windows), rate, stepped);
                rate /= 2;
            }
            return tried;
        }

        boolean falls() {
            return lossAfter < loss;
        }
    }
}
