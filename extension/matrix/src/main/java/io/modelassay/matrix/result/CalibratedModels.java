package io.modelassay.matrix.result;

import io.modelassay.evaluation.Subject;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Models of two cells whose codes a calibration chose, as the cells recorded it. Where two models share a name, both must be.
 *
 * @param names names of these models
 */
record CalibratedModels(Set<String> names) {
    static CalibratedModels of(CellResult baseline, CellResult here) {
        Set<String> calibrated = new HashSet<>();
        Set<String> others = new HashSet<>();
        Stream.concat(baseline.models().stream(), here.models().stream())
                .forEach((Subject model) -> (model.calibrated() ? calibrated : others).add(model.name()));
        calibrated.removeAll(others);
        return new CalibratedModels(calibrated);
    }

    /** How much figures of {@code model} may differ. */
    Noise noise(String dtype, String model) {
        Noise rounding = Noise.of(dtype);
        return names.contains(model) ? rounding.withCalibratedCodes() : rounding;
    }
}
