/** The JUnit 5 extension: {@code @QuantizedModel} tests. */
@NullMarked
package io.modelassay.junit;

import org.jspecify.annotations.NullMarked;
