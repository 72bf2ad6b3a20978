package io.modelassay.evaluation;

import org.apiguardian.api.API;

/**
 * A figure that a check has held against a limit.
 *
 * @param model name of the model, its quantization included
 * @param check name of the check, such as {@code perplexity drift}
 * @param value the figure
 * @param standardError its standard error, 0 where it has none
 * @param unit unit of value, standard error and limit, such as {@code %}; may be empty
 * @param limit what was asked for, such as {@code at most 3.0}; empty where the figure is reported and not judged
 * @param holds whether it holds
 * @param provenance text, tokens, device, compute type and engine; may be empty
 */
@API(status = API.Status.EXPERIMENTAL)
public record Figure(
        String model,
        String check,
        double value,
        double standardError,
        String unit,
        String limit,
        boolean holds,
        String provenance) {}
