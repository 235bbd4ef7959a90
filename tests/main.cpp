#define BOOST_TEST_MODULE dtheta
#include <boost/test/unit_test.hpp>
