package io.modelassay.junit;

import org.apiguardian.api.API;
import org.junit.platform.commons.JUnitException;

/** An annotation or setting that cannot mean anything; names the annotation, the attribute, its value and the place. */
@API(status = API.Status.EXPERIMENTAL)
public final class ConfigurationException extends JUnitException {
    private static final long serialVersionUID = 1L;

    ConfigurationException(String message) {
        super(message);
    }
}
