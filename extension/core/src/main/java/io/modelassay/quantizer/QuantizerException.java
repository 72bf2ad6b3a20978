package io.modelassay.quantizer;

import io.modelassay.checkpoint.Printable;
import org.apiguardian.api.API;

/** A module cannot be quantized in the way that was asked for. */
@API(status = API.Status.EXPERIMENTAL)
public final class QuantizerException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String module;

    QuantizerException(String module, String why, String nextStep) {
        super(Printable.lines("Module " + module + " cannot be quantized: " + why + "\nTry: " + nextStep));
        this.module = module;
    }

    /** Stable kebab-case name of this kind of failure. */
    public String id() {
        return "module-not-quantizable";
    }

    /** Name of the module. */
    public String module() {
        return module;
    }
}
