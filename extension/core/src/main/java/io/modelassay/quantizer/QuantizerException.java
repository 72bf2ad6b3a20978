package io.modelassay.quantizer;

import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Problem;
import org.apiguardian.api.API;

/** A module cannot be quantized in the way that was asked for. */
@API(status = API.Status.EXPERIMENTAL)
public final class QuantizerException extends ModelAssayException {
    private static final long serialVersionUID = 1;

    private final String module;

    QuantizerException(String module, String why, String nextStep) {
        super(new Problem(
                QuantizerProblem.MODULE_NOT_QUANTIZABLE,
                "Module " + module + " cannot be quantized: " + why,
                nextStep));
        this.module = module;
    }

    /** Name of the module. */
    public String module() {
        return module;
    }
}
