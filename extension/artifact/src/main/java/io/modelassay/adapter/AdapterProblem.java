package io.modelassay.adapter;

import java.util.Locale;
import org.apiguardian.api.API;

/** What can keep a folder from being read as an adapter, or an adapter from acting in a model. */
@API(status = API.Status.EXPERIMENTAL)
public enum AdapterProblem {
    MISSING_ADAPTER_FOLDER,
    MISSING_ADAPTER_CONFIG,
    INVALID_ADAPTER_CONFIG,
    /** Of another library than PEFT. */
    FOREIGN_ADAPTER,
    MISSING_ADAPTER_WEIGHTS,
    UNSUPPORTED_PEFT_TYPE,
    INVALID_PATTERN,
    ADAPTER_MISMATCH,
    UNSUPPORTED_ADAPTER_FORM,
    NOT_MERGEABLE;

    /** Stable kebab-case name, such as {@code missing-adapter-config}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
