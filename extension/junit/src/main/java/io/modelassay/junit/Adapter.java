package io.modelassay.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.apiguardian.api.API;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The adapter that parameters of type {@link io.modelassay.adapter.PeftAdapter} get, closed after the test.
 *
 * <p>On a class it holds for all tests of the class, its subclasses and nested classes; on a method or a parameter it
 * holds there and wins. It may be a meta-annotation.
 */
@Documented
@Inherited
@Target({ElementType.TYPE, ElementType.METHOD, ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(AdapterExtension.class)
@API(status = API.Status.EXPERIMENTAL)
public @interface Adapter {
    /**
     * Where the adapter lies: a path relative to the module, an absolute path, {@code classpath:…} for a folder on the class
     * path, or {@code fixture:NAME} for an adapter of {@code modelassay-fixtures}, such as {@code fixture:adapters/lora-qv}.
     */
    String value();

    /** What happens if the adapter is not there. */
    WhenMissing whenMissing() default WhenMissing.FAIL;
}
